/* roads.mjs: two more roads to a goal: one that is broken, and one that is not. Returns whether the broken one was met. */
import { DAY, HOUR, MINUTE } from "./people.mjs";
import { places } from "./record.mjs";
import { Random } from "./random.mjs";

const WANTS_PASSWORD = 0.35, CODE_LATE = 0.16, WANTS_SAVINGS = 0.3, LEAVES = 0.05;

export function roads({ person, record, who, world }) {
  const random = new Random(world.seed, person.index, 14), span = world.until - person.joined;
  const track = (time, place, name, properties = {}) => record.track(person.index, time, who, place, name, properties);
  const online = person.hasApp ? places.app : person.hasWeb ? places.web : null;
  const savings = person.joined + DAY + span * random.unit(), done = savings + random.between(2, 20) * MINUTE;
  if (online && random.chance(WANTS_SAVINGS)) {
    track(savings, online, "Savings Opening Begun");
    if (!random.chance(LEAVES)) track(done, online, "Savings Opened");
  }
  const lost = person.joined + DAY + span * random.unit(), late = random.chance(CODE_LATE), called = lost + random.between(1, 30) * HOUR;
  if (!online || !random.chance(WANTS_PASSWORD) || !track(lost, online, "Password Reset Requested")) return false;
  if (!late) { if (!random.chance(LEAVES)) track(lost + random.between(1, 6) * MINUTE, online, "Password Reset"); return false; }
  if (!track(lost + 10 * MINUTE, online, "Password Code Late") || !track(called, places.phone, "Call Started", { reason: "password" })) return false;
  track(called + random.between(3, 9) * MINUTE, places.phone, "Password Reset");
  return true;
}
