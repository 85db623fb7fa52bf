/** The HTTP API. Every call resolves to its answer or throws a `Problem`. */
import type {
  AgainRequest,
  AlarmBoard,
  AlarmDelivery,
  AlarmFacts,
  AlarmMade,
  AnswerList,
  AnswerRequest,
  Attendance,
  Audience,
  Booked,
  BridgePoint,
  CalendarPage,
  Choice,
  Chosen,
  ClashPreview,
  CheckIn,
  Conference,
  ConferenceChange,
  ConferenceMap,
  ConferenceSummary,
  ConferenceTitle,
  Delegate,
  DelegateImport,
  DelegateList,
  DelegateTicket,
  DelegateWord,
  DiagnosisReport,
  Explanation,
  Held,
  PictureLimit,
  PlanDifference,
  PlanNumber,
  PlanWish,
  PointAnswer,
  Seat,
  StoredPlan,
  Config,
  FreeTimeRequest,
  FreeTimes,
  GradedSample,
  GradeProfile,
  Grading,
  HallDelegates,
  HallHeadcount,
  HeadcountEntry,
  Headcounts,
  HistoryEntry,
  ImportReport,
  IncidentAction,
  IncidentBoard,
  IncidentDetail,
  InvitationView,
  JoinFacts,
  JoinLink,
  LastTime,
  LineRecord,
  LineTestAnswer,
  LineTestNow,
  LineTestOffer,
  LineTestResult,
  MaintenanceWindow,
  MediaNode,
  MergeRequest,
  NodeChanged,
  NodeMaintenance,
  NodeWindow,
  PageFigures,
  Person,
  PointEvent,
  PointRecord,
  ProvinceName,
  Quorum,
  Principal,
  SaidMoment,
  Scope,
  Series,
  Snapshot,
  SeriesBooked,
  SeriesChanged,
  SeriesPreview,
  SeriesRequest,
  Template,
  TemplateSummary,
  TestedLines,
  TestedPoint,
  TicketView,
  Times,
  Unit,
  UnitHistory,
} from "./model";
import { Problem } from "./problem";

const TIMEOUT_MS = 20_000;

/** Fires "signed-out" when the server no longer knows who is asking. */
export const signedOut = new EventTarget();

async function send<T>(method: string, path: string, body?: unknown, headers: HeadersInit = {}): Promise<T> {
  const raw = body instanceof Blob;
  const init: RequestInit = {
    method,
    headers: raw || body === undefined ? headers : { "Content-Type": "application/json", ...headers },
    signal: AbortSignal.timeout(raw ? TIMEOUT_MS * 6 : TIMEOUT_MS),
  };
  if (body !== undefined) init.body = raw ? body : JSON.stringify(body);
  const response = await fetch(path, init).catch(() => {
    throw new Problem("network", "The server cannot be reached.", {}, 0, true);
  });
  if (response.status === 401 && path !== "/api/sign-in") signedOut.dispatchEvent(new Event("signed-out"));
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  if (body && typeof body === "object" && "code" in body) {
    const { code, detail, data } = body as { code: string; detail?: string; data?: Record<string, unknown> };
    return new Problem(code, detail ?? "", data ?? {}, response.status);
  }
  return new Problem(`http.${response.status}`, response.statusText, {}, response.status);
}

const get = <T>(path: string): Promise<T> => send<T>("GET", path);
const post = <T>(path: string, body?: unknown): Promise<T> => send<T>("POST", path, body);
const at = (id: string): string => `/api/conferences/${encodeURIComponent(id)}`;

export interface PointSelection {
  units: string[];
  points: string[];
}

/** Points, and how long they are held before the doors open and after the stop. */
export interface HeldSelection extends PointSelection {
  setup_minutes?: number;
  teardown_minutes?: number;
}

export interface NewBooking extends HeldSelection {
  title: string;
  times: Times;
  leave_out_clashing: boolean;
  draft: boolean;
  wish: PlanWish;
  chair: string | null;
}

/** What is asked besides times and points while choosing. */
export interface Asked {
  wish: PlanWish;
  chair: string | null;
}

/** Where a line test is asked for: by a point's join link, or for a point by somebody signed in. */
export type TestDoor = { token: string } | { point: string };

const testAt = (door: TestDoor): string =>
  "token" in door
    ? `/api/joins/${encodeURIComponent(door.token)}/line-test`
    : `/api/points/${encodeURIComponent(door.point)}/line-test`;

/** A name that no other request has. `crypto.randomUUID` exists only under HTTPS and on localhost. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

export const api = {
  config: () => get<Config>("/api/config"),
  me: () => get<Principal>("/api/me"),
  signIn: (username: string, password: string) => post<Principal>("/api/sign-in", { username, password }),
  signOut: () => post<void>("/api/sign-out"),

  invitation: (token: string) => get<InvitationView>(`/api/answers/${encodeURIComponent(token)}`),
  answer: (token: string, answer: AnswerRequest) =>
    post<InvitationView>(`/api/answers/${encodeURIComponent(token)}`, answer),

  testedPoint: (door: TestDoor) => get<TestedPoint>(testAt(door)),
  openLineTest: (door: TestDoor, offer: LineTestOffer) => post<LineTestAnswer>(testAt(door), offer),
  lookAtLineTest: (test: string) => get<LineTestNow>(`/api/line-tests/${encodeURIComponent(test)}`),
  finishLineTest: (test: string, figures: PageFigures) =>
    send<LineTestResult>("PUT", `/api/line-tests/${encodeURIComponent(test)}`, figures),
  cancelLineTest: (test: string) => send<void>("DELETE", `/api/line-tests/${encodeURIComponent(test)}`),
  lineRecord: (point: string, begins: number, ends: number) => {
    const [from, to] = [new Date(begins).toISOString(), new Date(ends).toISOString()];
    const query = new URLSearchParams({ begins: from, ends: to });
    return get<LineRecord>(`/api/points/${encodeURIComponent(point)}/record?${query}`);
  },
  lineTests: async (point: string) =>
    (await get<{ tests: LineTestResult[] }>(`/api/points/${encodeURIComponent(point)}/line-tests`)).tests,
  testedLines: (choice: Choice, profile: PlanWish["profile"]) =>
    post<TestedLines>("/api/line-tests/newest", { choice, profile }),

  units: () => get<Unit[]>("/api/units"),
  /** Points of a unit's subtree (`direct`: its own) that a text finds; of everywhere for "". */
  points: (unit = "", q = "", direct = false) =>
    get<BridgePoint[]>(
      `/api/points?${new URLSearchParams({ q, direct: String(direct), ...(unit ? { unit } : {}) })}`,
    ),
  point: (code: string) => get<PointRecord>(`/api/points/${encodeURIComponent(code)}`),
  unitHistory: (code: string) => get<UnitHistory>(`/api/units/${encodeURIComponent(code)}/history`),
  mergeUnits: (request: MergeRequest) => post<unknown>("/api/units/merge", request),
  importDirectory: (file: File, dryRun: boolean) =>
    send<ImportReport>("POST", `/api/directory?dry_run=${dryRun}`, file.slice(), {
      "X-File-Name": encodeURIComponent(file.name),
      "Content-Type": "application/octet-stream",
    }),

  conferences: () => get<ConferenceSummary[]>("/api/conferences"),
  conferenceTitles: () => get<ConferenceTitle[]>("/api/conferences"),
  /** One of them; null when it is not there. */
  conferenceTitle: async (id: string) =>
    (await api.conferenceTitles()).find((conference) => conference.id === id) ?? null,
  conference: (id: string) => get<Conference>(at(id)),
  /** Books once for each `key`, however often it is sent. */
  book: (booking: NewBooking, key: string) =>
    send<Booked>("POST", "/api/bookings", booking, { "Idempotency-Key": key }),
  clashes: (times: Times, selection: HeldSelection & Asked, ignore?: string) =>
    post<ClashPreview>("/api/clashes", ignore ? { times, ...selection, ignore } : { times, ...selection }),
  previewSeries: (request: SeriesRequest) => post<SeriesPreview>("/api/series/preview", request),
  bookSeries: (request: SeriesRequest, key: string) =>
    send<SeriesBooked>("POST", "/api/series", request, { "Idempotency-Key": key }),
  series: (id: string) => get<Series>(`/api/series/${encodeURIComponent(id)}`),
  provinces: () => get<ProvinceName[]>("/api/provinces"),
  /** Null: the whole country. */
  loadCountry: (province: string | null) => post<ImportReport>("/api/directory/country", { province }),
  chairs: () => get<Person[]>("/api/chairs"),
  people: () => get<Person[]>("/api/people"),
  /** Null: nobody chairs it any more. */
  appointChair: (id: string, username: string | null, version: number) =>
    send<Conference>("PUT", `${at(id)}/chair`, { username }, { "If-Match": `"${version}"` }),
  change: (id: string, change: ConferenceChange, version: number) =>
    send<Booked>("PATCH", at(id), change, { "If-Match": `"${version}"` }),
  changeOccurrences: (id: string, scope: Scope, change: ConferenceChange, version: number) =>
    send<SeriesChanged>("PATCH", `${at(id)}/series`, { scope, change: { ...change, version } }),
  moveOccurrences: (id: string, scope: Scope, times: Times, version: number) =>
    send<SeriesChanged>("PATCH", `${at(id)}/series`, { scope, change: { times, version } }),
  cancelOccurrences: (id: string, scope: Scope, version: number) =>
    post<SeriesChanged>(`${at(id)}/series/cancel`, { scope, step: { version } }),
  templates: () => get<TemplateSummary[]>("/api/templates"),
  saveTemplate: (conference: string, name: string) => post<Template>("/api/templates", { conference, name }),
  dropTemplate: (id: string) => send<TemplateSummary[]>("DELETE", `/api/templates/${encodeURIComponent(id)}`),
  bookTemplate: (id: string, again: AgainRequest, key: string) =>
    send<Booked>("POST", `/api/templates/${encodeURIComponent(id)}/book`, again, { "Idempotency-Key": key }),
  bookAgain: (id: string, again: AgainRequest, key: string) =>
    send<Booked>("POST", `${at(id)}/again`, again, { "Idempotency-Key": key }),
  choose: (choice: Choice) => post<Chosen>("/api/choose", choice),
  audiences: () => get<Audience[]>("/api/audiences"),
  saveAudience: (name: string, choice: Choice) => post<Audience>("/api/audiences", { name, choice }),
  dropAudience: (id: string) => send<Audience[]>("DELETE", `/api/audiences/${encodeURIComponent(id)}`),
  freeTime: (request: FreeTimeRequest) => post<FreeTimes>("/api/free-time", request),
  changes: (id: string) => get<HistoryEntry[]>(`${at(id)}/changes`),
  /** Without a version it is extended whatever somebody changed meanwhile. */
  extend: (id: string, minutes: number, version: number | null = null) =>
    post<Conference>(`${at(id)}/extend`, { minutes, version }),
  answers: (id: string) => get<AnswerList>(`${at(id)}/answers`),
  invite: (id: string, organizer_email: string | null, note: string | null) =>
    post<AnswerList>(`${at(id)}/invitations`, { organizer_email, note }),
  noteAnswer: (id: string, point: string, answer: AnswerRequest) =>
    send<PointAnswer>("PUT", `${at(id)}/answers/${encodeURIComponent(point)}`, answer),
  refuseProposal: (id: string, point: string, comment: string) =>
    post<PointAnswer>(`${at(id)}/answers/${encodeURIComponent(point)}/refusal`, { comment }),
  diagnosis: (id: string) => get<DiagnosisReport>(`${at(id)}/diagnosis`),
  diagnose: (id: string) => post<DiagnosisReport>(`${at(id)}/diagnosis`),
  nodes: () => get<MediaNode[]>("/api/nodes"),
  nodeWindows: () => get<NodeMaintenance[]>("/api/node-maintenance"),
  closeNode: (node: string, start: string, stop: string, reason: string) =>
    post<NodeWindow>("/api/node-maintenance", { node, start, stop, reason }),
  reopenNode: (window: number) => send<NodeMaintenance[]>("DELETE", `/api/node-maintenance/${window}`),
  saveNode: (code: string, facts: Omit<MediaNode, "code">) =>
    send<NodeChanged>("PUT", `/api/nodes/${encodeURIComponent(code)}`, facts),
  plan: (id: string) => get<StoredPlan>(`${at(id)}/plan`),
  plans: (id: string) => get<PlanNumber[]>(`${at(id)}/plans`),
  planWish: (id: string) => get<PlanWish>(`${at(id)}/plan/wish`),
  setPlanWish: (id: string, wish: PlanWish) => send<void>("PUT", `${at(id)}/plan/wish`, wish),
  explainPlan: (id: string, point: string) =>
    get<Explanation>(`${at(id)}/plan/points/${encodeURIComponent(point)}`),
  comparePlans: (conference: string, before: number, after: number) =>
    post<PlanDifference>("/api/plans/compare", {
      before: { conference, number: before },
      after: { conference, number: after },
    }),
  timeline: (start: string, stop: string, unit: string) =>
    get<Held[]>(`/api/timeline?${new URLSearchParams({ start, stop, ...(unit ? { unit } : {}) })}`),
  /** What happens under a unit; with `byUnit`, which of the units right below it take part. */
  calendar: (start: string, stop: string, unit: string, byUnit: boolean) =>
    get<CalendarPage>(
      `/api/calendar?${new URLSearchParams({ start, stop, by_unit: String(byUnit), ...(unit ? { unit } : {}) })}`,
    ),
  submit: (id: string, version: number) => post<Conference>(`${at(id)}/submit`, { version }),
  decide: (id: string, granted: boolean, note: string, version: number) =>
    post<Conference>(`${at(id)}/decide`, { granted, note, version }),
  waiting: () => get<ConferenceSummary[]>("/api/approvals/waiting"),
  maintenance: (start: string, stop: string) =>
    get<MaintenanceWindow[]>(`/api/maintenance?${new URLSearchParams({ start, stop })}`),
  announceMaintenance: (reason: string, start: string, stop: string, selection: PointSelection) =>
    post<MaintenanceWindow>("/api/maintenance", { reason, start, stop, ...selection }),
  endMaintenance: (id: string) => post<MaintenanceWindow>(`/api/maintenance/${encodeURIComponent(id)}/end`),
  cancel: (id: string) => post<Conference>(`${at(id)}/cancel`),
  reschedule: (id: string, times: Times, version: number) =>
    send<Conference>("PUT", `${at(id)}/times`, { times, version }),
  links: (id: string) => get<JoinLink[]>(`${at(id)}/links`),
  enter: (id: string, role: "chair" | "technician") => post<{ token: string }>(`${at(id)}/enter`, { role }),
  /** The points that an operator may enter. */
  seats: (id: string) => get<Seat[]>(`${at(id)}/seats`),
  enterPoint: (id: string, point: string) =>
    post<{ token: string }>(`${at(id)}/enter`, { role: "operator", point }),
  attendance: (id: string) => get<Attendance>(`${at(id)}/attendance`),
  headcounts: (id: string) => get<Headcounts>(`${at(id)}/headcounts`),
  headcountSums: (id: string) => get<Headcounts>(`${at(id)}/headcounts?sums_only=true`),
  correctHeadcount: (
    id: string,
    point: string,
    said: { expected: number | null; declared: number | null; why: string },
  ) => send<HallHeadcount>("PUT", `${at(id)}/points/${encodeURIComponent(point)}/headcount`, said),
  headcountHistory: async (id: string, point: string) =>
    (
      await get<{ entries: HeadcountEntry[] }>(
        `${at(id)}/points/${encodeURIComponent(point)}/headcount/history`,
      )
    ).entries,
  setQuorum: (id: string, rule: Quorum | null) => send<Headcounts>("PUT", `${at(id)}/quorum`, { rule }),
  join: (token: string) => get<JoinFacts>(`/api/joins/${encodeURIComponent(token)}`),
  ownHeadcount: (token: string) => get<HallHeadcount>(`/api/joins/${encodeURIComponent(token)}/headcount`),
  declareHeadcount: (token: string, declared: number) =>
    send<HallHeadcount>("PUT", `/api/joins/${encodeURIComponent(token)}/headcount`, { declared }),
  delegates: (id: string, point: string, q: string) =>
    get<DelegateList>(
      `${at(id)}/delegates?${new URLSearchParams({ ...(point ? { point } : {}), ...(q ? { q } : {}) })}`,
    ),
  importDelegates: (id: string, file: File, dryRun: boolean) =>
    send<DelegateImport>("POST", `${at(id)}/delegates?dry_run=${dryRun}`, file.slice(), {
      "X-File-Name": encodeURIComponent(file.name),
      "Content-Type": "application/octet-stream",
    }),
  sayDelegate: (id: string, code: string, said: CheckIn) =>
    send<Delegate>("PUT", `${at(id)}/delegates/${encodeURIComponent(code)}`, said),
  dropDelegate: (id: string, code: string) =>
    send<void>("DELETE", `${at(id)}/delegates/${encodeURIComponent(code)}`),
  delegateHistory: async (id: string, code: string) =>
    (await get<{ words: DelegateWord[] }>(`${at(id)}/delegates/${encodeURIComponent(code)}/history`)).words,
  delegateTicket: (id: string, code: string) =>
    get<DelegateTicket>(`${at(id)}/delegates/${encodeURIComponent(code)}/ticket`),
  renewDelegateTicket: (id: string, code: string) =>
    post<DelegateTicket>(`${at(id)}/delegates/${encodeURIComponent(code)}/ticket`),
  desk: (token: string) => get<HallDelegates>(`/api/joins/${encodeURIComponent(token)}/delegates`),
  sayAtDesk: (token: string, code: string, said: CheckIn) =>
    send<Delegate>(
      "PUT",
      `/api/joins/${encodeURIComponent(token)}/delegates/${encodeURIComponent(code)}`,
      said,
    ),
  scan: (token: string, text: string) =>
    post<Delegate>(`/api/joins/${encodeURIComponent(token)}/scan`, { text }),
  deskTickets: (token: string) => get<DelegateTicket[]>(`/api/joins/${encodeURIComponent(token)}/tickets`),
  ticket: (ticket: string) => get<TicketView>(`/api/tickets/${encodeURIComponent(ticket)}`),
  useTicket: (ticket: string) => post<TicketView>(`/api/tickets/${encodeURIComponent(ticket)}`),
  snapshots: async (id: string) => (await get<{ snapshots: Snapshot[] }>(`${at(id)}/snapshots`)).snapshots,
  takeSnapshot: (id: string, item: string) => post<Snapshot>(`${at(id)}/snapshots`, { item }),
  /** What a technician does about an incident, as it was at `version`. */
  dealWithIncident: (
    id: string,
    incident: string,
    how: "acknowledge" | "own" | "note" | "close",
    version: number,
    text: string,
  ) => post<IncidentDetail>(`${at(id)}/incidents/${encodeURIComponent(incident)}/${how}`, { version, text }),
  /** Those that are open, and those that are over. */
  incidents: (id: string) => get<IncidentBoard>(`${at(id)}/incidents`),
  actOnIncident: (id: string, incident: string, action: IncidentAction, version: number) =>
    post<IncidentDetail>(`${at(id)}/incidents/${encodeURIComponent(incident)}/act`, { action, version }),
  incident: (id: string, incident: string) =>
    get<IncidentDetail>(`${at(id)}/incidents/${encodeURIComponent(incident)}`),
  limitPictures: (id: string, point: string, limit: PictureLimit) =>
    post<{ participants: number }>(`${at(id)}/points/${encodeURIComponent(point)}/limit`, { limit }),
  reconnect: (id: string, point: string) =>
    post<{ participants: number }>(`${at(id)}/points/${encodeURIComponent(point)}/reconnect`),
  grading: (id: string) => get<Grading>(`${at(id)}/grading`),
  chooseGrading: (id: string, profile: GradeProfile) =>
    send<Grading>("PUT", `${at(id)}/grading`, { profile }),
  alarms: () => get<AlarmBoard>("/api/alarms"),
  addAlarm: (facts: AlarmFacts) => post<AlarmMade>("/api/alarms", facts),
  changeAlarm: (id: string, facts: AlarmFacts, version: number) =>
    send<AlarmMade>("PUT", `/api/alarms/${encodeURIComponent(id)}`, { ...facts, version }),
  removeAlarm: (id: string) => send<AlarmBoard>("DELETE", `/api/alarms/${encodeURIComponent(id)}`),
  restoreAlarm: (id: string) => post<AlarmBoard>(`/api/alarms/${encodeURIComponent(id)}/restore`),
  testAlarm: (id: string) => post<AlarmDelivery>(`/api/alarms/${encodeURIComponent(id)}/test`),
  renewAlarmSecret: (id: string) => post<AlarmMade>(`/api/alarms/${encodeURIComponent(id)}/secret`),
  map: (id: string) => get<ConferenceMap>(`${at(id)}/map`),
  story: async (id: string, point: string) =>
    (await get<{ events: PointEvent[] }>(`${at(id)}/points/${encodeURIComponent(point)}/story`)).events,
  endpointHistory: async (id: string, point: string, minutes: number) =>
    (
      await get<{ moments: SaidMoment[] }>(
        `${at(id)}/points/${encodeURIComponent(point)}/endpoint?minutes=${minutes}`,
      )
    ).moments,
  lastTime: async (id: string, point: string) =>
    (await get<{ last: LastTime | null }>(`${at(id)}/points/${encodeURIComponent(point)}/last-time`)).last,
  history: async (id: string, participant: string, minutes: number) => {
    const query = new URLSearchParams({ participant, minutes: String(minutes) });
    return (await get<{ samples: GradedSample[] }>(`${at(id)}/history?${query}`)).samples;
  },
};

/** Addresses of the files that a conference can be downloaded as. */
export const files = {
  directory: "/api/directory.csv",
  spreadsheet: "/api/directory.xlsx",
  links: (id: string) => `${at(id)}/links.csv`,
  attendance: (id: string) => `${at(id)}/attendance.csv`,
  archive: (id: string) => `${at(id)}/archive.zip`,
  delegates: (id: string) => `${at(id)}/delegates.csv`,
  quality: (id: string) => `${at(id)}/quality.csv`,
  report: (id: string, form: string, language: string, section?: string) =>
    `${at(id)}/report.${form}?${new URLSearchParams(section ? { section, language } : { language })}`,
  feed: (id: string) => `${at(id)}/feed`,
};
