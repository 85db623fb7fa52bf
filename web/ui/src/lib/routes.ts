/** Which page an address shows. Pages load when they are first needed. */
import type { Component } from "svelte";

type Load = () => Promise<{ default: Component<Record<string, string>> }>;

interface Route {
  pattern: RegExp;
  load: Load;
  /** Reached by a link, without signing in. */
  guest?: boolean;
  /** A room: no navigation around it. */
  room?: boolean;
}

export interface FoundPage {
  load: Load;
  params: Record<string, string>;
  guest: boolean;
  room: boolean;
}

/** A page's own props are narrower than "any names"; its pattern's groups are what it gets. */
function page(load: () => Promise<{ default: unknown }>): Load {
  return load as Load;
}

const routes: Route[] = [
  { pattern: /^\/$/, load: page(() => import("../pages/Home.svelte")) },
  { pattern: /^\/sign-in$/, load: page(() => import("../pages/Home.svelte")) },
  { pattern: /^\/organizer$/, load: page(() => import("../pages/Conferences.svelte")) },
  { pattern: /^\/organizer\/new$/, load: page(() => import("../pages/NewConference.svelte")) },
  { pattern: /^\/organizer\/calendar$/, load: page(() => import("../pages/Calendar.svelte")) },
  { pattern: /^\/organizer\/timeline$/, load: page(() => import("../pages/Timeline.svelte")) },
  { pattern: /^\/organizer\/templates$/, load: page(() => import("../pages/Templates.svelte")) },
  { pattern: /^\/organizer\/directory$/, load: page(() => import("../pages/Directory.svelte")) },
  {
    pattern:
      /^\/organizer\/conference\/(?<id>[^/]+)(?:\/(?<tab>points|attendance|delegates|invitations|plan|diagnosis|history))?$/,
    load: page(() => import("../pages/Conference.svelte")),
  },
  { pattern: /^\/chair\/(?<id>[^/]+)$/, load: page(() => import("../pages/Chair.svelte")), room: true },
  { pattern: /^\/alarms$/, load: page(() => import("../pages/Alarms.svelte")) },
  {
    pattern: /^\/technician\/(?<id>[^/]+)$/,
    load: page(() => import("../pages/Technician.svelte")),
    room: true,
  },
  {
    pattern: /^\/operator\/(?<id>[^/]+)\/(?<point>[^/]+)$/,
    load: page(() => import("../pages/Operator.svelte")),
    room: true,
  },
  { pattern: /^\/point\/(?<point>[^/]+)\/test$/, load: page(() => import("../pages/LineTest.svelte")) },
  {
    pattern: /^\/t\/(?<token>[^/]+)$/,
    load: page(() => import("../pages/LineTest.svelte")),
    guest: true,
  },
  { pattern: /^\/d\/(?<ticket>[^/]+)$/, load: page(() => import("../pages/Ticket.svelte")), guest: true },
  { pattern: /^\/desk\/(?<token>[^/]+)$/, load: page(() => import("../pages/Desk.svelte")), guest: true },
  { pattern: /^\/a\/(?<token>[^/]+)$/, load: page(() => import("../pages/Answer.svelte")), guest: true },
  {
    pattern: /^\/j\/(?<token>[^/]+)$/,
    load: page(() => import("../pages/Operator.svelte")),
    guest: true,
    room: true,
  },
];

export function findPage(path: string): FoundPage | null {
  const clean = path.length > 1 ? path.replace(/\/+$/, "") : path;
  for (const { pattern, load, guest = false, room = false } of routes) {
    const match = pattern.exec(clean);
    if (match) return { load, params: decoded(match.groups ?? {}), guest, room };
  }
  return null;
}

function decoded(groups: Record<string, string | undefined>): Record<string, string> {
  const named = Object.entries(groups).filter((group): group is [string, string] => group[1] !== undefined);
  return Object.fromEntries(named.map(([name, value]) => [name, safeDecode(value)]));
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
