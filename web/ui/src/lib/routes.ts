/** Which page an address shows. Pages load when they are first needed. */
import type { Component } from "svelte";
import type { t } from "./i18n/common";

type Title = Parameters<typeof t>[0];
type Load = () => Promise<{ default: Component<Record<string, string>> }>;

interface Route {
  pattern: RegExp;
  load: Load;
  /** What the browser's tab is called; a page of one conference puts its name before it. */
  title: Title;
  /** Reached by a link, without signing in. */
  guest?: boolean;
  /** A room: no navigation around it. */
  room?: boolean;
}

export interface FoundPage {
  load: Load;
  title: Title;
  params: Record<string, string>;
  guest: boolean;
  room: boolean;
}

/** A page's own props are narrower than "any names"; its pattern's groups are what it gets. */
function page(load: () => Promise<{ default: unknown }>): Load {
  return load as Load;
}

const routes: Route[] = [
  { pattern: /^\/$/, load: page(() => import("../pages/Home.svelte")), title: "home.title" },
  { pattern: /^\/sign-in$/, load: page(() => import("../pages/Home.svelte")), title: "home.title" },
  {
    pattern: /^\/organizer$/,
    load: page(() => import("../pages/Conferences.svelte")),
    title: "nav.conferences",
  },
  {
    pattern: /^\/organizer\/new$/,
    load: page(() => import("../pages/NewConference.svelte")),
    title: "title.new",
  },
  {
    pattern: /^\/organizer\/calendar$/,
    load: page(() => import("../pages/Calendar.svelte")),
    title: "nav.calendar",
  },
  {
    pattern: /^\/organizer\/timeline$/,
    load: page(() => import("../pages/Timeline.svelte")),
    title: "nav.timeline",
  },
  {
    pattern: /^\/organizer\/templates$/,
    load: page(() => import("../pages/Templates.svelte")),
    title: "nav.templates",
  },
  {
    pattern: /^\/organizer\/directory$/,
    load: page(() => import("../pages/Directory.svelte")),
    title: "nav.directory",
  },
  {
    pattern:
      /^\/organizer\/conference\/(?<id>[^/]+)(?:\/(?<tab>points|attendance|delegates|invitations|plan|diagnosis|history))?$/,
    load: page(() => import("../pages/Conference.svelte")),
    title: "nav.conferences",
  },
  {
    pattern: /^\/chair\/(?<id>[^/]+)$/,
    load: page(() => import("../pages/Chair.svelte")),
    title: "home.chair",
    room: true,
  },
  { pattern: /^\/alarms$/, load: page(() => import("../pages/Alarms.svelte")), title: "nav.alarms" },
  {
    pattern: /^\/technician\/(?<id>[^/]+)$/,
    load: page(() => import("../pages/Technician.svelte")),
    title: "home.technician",
    room: true,
  },
  {
    pattern: /^\/operator\/(?<id>[^/]+)\/(?<point>[^/]+)$/,
    load: page(() => import("../pages/Operator.svelte")),
    title: "role.operator",
    room: true,
  },
  {
    pattern: /^\/point\/(?<point>[^/]+)\/test$/,
    load: page(() => import("../pages/LineTest.svelte")),
    title: "title.line_test",
  },
  {
    pattern: /^\/t\/(?<token>[^/]+)$/,
    load: page(() => import("../pages/LineTest.svelte")),
    title: "title.line_test",
    guest: true,
  },
  {
    pattern: /^\/d\/(?<ticket>[^/]+)$/,
    load: page(() => import("../pages/Ticket.svelte")),
    title: "title.ticket",
    guest: true,
  },
  {
    pattern: /^\/desk\/(?<token>[^/]+)$/,
    load: page(() => import("../pages/Desk.svelte")),
    title: "title.desk",
    guest: true,
  },
  {
    pattern: /^\/a\/(?<token>[^/]+)$/,
    load: page(() => import("../pages/Answer.svelte")),
    title: "title.answer",
    guest: true,
  },
  {
    pattern: /^\/j\/(?<token>[^/]+)$/,
    load: page(() => import("../pages/Operator.svelte")),
    title: "role.operator",
    guest: true,
    room: true,
  },
];

export function findPage(path: string): FoundPage | null {
  const clean = path.length > 1 ? path.replace(/\/+$/, "") : path;
  for (const { pattern, load, title, guest = false, room = false } of routes) {
    const match = pattern.exec(clean);
    if (match) return { load, title, params: decoded(match.groups ?? {}), guest, room };
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
