/** What a booking asks for besides its times and points. */
import type { PlanWish, ProfileName } from "./model";

/** From the heaviest to the lightest. */
export const PROFILES: ProfileName[] = ["full", "standard", "light", "voice"];

export interface BookingOptions {
  profile: ProfileName;
  lightest: ProfileName;
  /** Minutes that the points are held before the doors open, and after the stop. */
  setup: number;
  teardown: number;
  /** The name of the template to be made; empty for none. */
  template: string;
}

export function usualOptions(): BookingOptions {
  return { profile: "standard", lightest: "voice", setup: 0, teardown: 0, template: "" };
}

export function wishOf({ profile, lightest }: BookingOptions): PlanWish {
  return { profile, lightest, chair_unit: null };
}
