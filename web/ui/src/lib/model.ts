/** What the HTTP API sends and takes, named from the generated types. */
import type { components } from "./openapi";

type Schemas = components["schemas"];

export type Config = Schemas["Config"];
export type Principal = Schemas["Principal"];
export type Unit = Schemas["UnitSummary"];
export type BridgePoint = Schemas["BridgePoint"];
export type PointRef = Schemas["PointRef"];
export type Times = Schemas["RequestedTimes"];
/** As lists show it; an account that is only an operator's is told less. */
export type ConferenceTitle = Schemas["ConferenceTitle"];
export type ConferenceSummary = Schemas["ConferenceSummary"];
export type Conference = Schemas["Conference"];
export type Clash = Schemas["Clash"];
export type ClashPreview = Schemas["ClashReport"];
export type InvitationView = Schemas["InvitationView"];
export type AnswerRequest = Schemas["AnswerRequest"];
export type JoinLink = Schemas["PointLink"];
export type ImportReport = Schemas["ImportReport"];
export type Grade = Schemas["Grade"];
export type GradedSample = Schemas["GradedSample"];
export type Reason = Schemas["Reason"];
export type LinkStatus = Schemas["LinkStatus"];
export type LinksGraded = Schemas["LinksGraded"];
export type PresenceNow = Schemas["PresenceNow"];
export type PresenceChanged = Schemas["PresenceChanged"];
export type FloorMoved = Schemas["FloorMoved"];
export type FeedSnapshot = Schemas["FeedSnapshot"];
export type Attendance = Schemas["Attendance"];
export type AttendanceRow = Schemas["AttendanceRow"];
export type Headcounts = Schemas["Headcounts"];
export type HeadcountRow = Schemas["HeadcountRow"];
export type HeadcountEntry = Schemas["HeadcountEntry"];
export type Quorum = Schemas["Quorum"];
export type HallHeadcount = Schemas["HallHeadcount"];
export type Booked = Schemas["Booked"];
export type ConferenceMap = Schemas["ConferenceMap"];
export type PointEvent = Schemas["PointEvent"];
export type LastTime = Schemas["LastTime"];
export type HistoryEntry = Schemas["HistoryEntry"];
export type Chosen = Schemas["Chosen"];
export type Candidate = Schemas["Candidate"];
export type Audience = Schemas["Audience"];
export type FreeTimes = Schemas["FreeTimes"];
export type MaintenanceWindow = Schemas["MaintenanceWindow"];
/** A choice of points; what is not named is empty. */
export type Choice = Partial<Schemas["Choice-Input"]>;
export type FreeTimeRequest = Pick<Schemas["FreeTimeRequest"], "minutes" | "earliest" | "latest"> &
  Partial<Omit<Schemas["FreeTimeRequest"], "choice">> & { choice: Choice };
export type AnswerList = Schemas["AnswerList"];
export type PointAnswer = Schemas["PointAnswer"];
export type DiagnosisReport = Schemas["DiagnosisReport"];
export type StoredPlan = Schemas["StoredPlan"];
export type PlanLimit = Schemas["Limit"];
export type PlanNumber = Schemas["PlanNumber"];
export type PlanDifference = Schemas["PlanDifference"];
export type Explanation = Schemas["Explanation"];
export type ProfileName = Schemas["ProfileName"];
export type PlanWish = Schemas["PlanWish-Output"];
export type Held = Schemas["Held"];
