/** What travels on the signaling WebSocket (docs/signaling.md), named from the generated types. */
import type { components } from "./openapi";

export type Schemas = components["schemas"];

export type Role = Schemas["Role"];
export type ConferenceState = Schemas["ConferenceState"];
export type Presence = Schemas["Presence"];
export type SlotName = Schemas["SlotName"];
export type TrackName = Schemas["Track"];
export type CameraLevel = Schemas["CameraLevel"];
export type Participant = Schemas["Participant"];
export type ParticipantRef = Schemas["ParticipantRef"];
export type StateView = Schemas["StateView"];
export type PublishDirective = Schemas["PublishDirective"];
export type RosterEntry = Schemas["RosterEntry"];
export type SessionMessage = Schemas["SessionMessage"];
export type StopWarning = Schemas["StopWarning"];
export type Welcome = Schemas["Welcome"];
export type IceServer = Schemas["IceServer"];
export type WireError = Schemas["ErrorMessage"];
export type ClientMessage = Schemas["ClientMessage"];
export type ServerMessage = Schemas["ServerMessage"];
export type Command = Schemas["Command"];
export type EndpointFigures = Schemas["EndpointFigures"];
export type MediaOffer = Omit<Schemas["Connect"], "type" | "id">;
export type EndReason = Schemas["Ended"]["reason"];
