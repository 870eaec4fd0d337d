// Instants are microseconds since 1970 (BigInt), local times likewise as if they were UTC.

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY = 86_400_000_000n;
const SECOND = 1_000_000n;
const FORMATS = new Map();
const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const DATETIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?\s*(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?$/u;

export function format(zone) {
  if (!FORMATS.has(zone)) {
    let made = null;
    try {
      made = new Intl.DateTimeFormat("en-US", {
        timeZone: zone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23", era: "short",
        year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
      });
      const name = made.resolvedOptions().timeZone;
      const otherCase = name !== zone && name.toLowerCase() === zone.toLowerCase();
      if (otherCase || !/^[A-Z][A-Za-z]/.test(zone)) made = null;
    } catch {
      made = null;
    }
    FORMATS.set(zone, made);
  }
  return FORMATS.get(zone);
}

const floorDiv = (a, b) => (a - (((a % b) + b) % b)) / b;

function days(year, month, day) {
  const found = new Date(0);
  found.setUTCFullYear(year, month - 1, day);
  return BigInt(found.getTime()) * 1000n;
}

/** The local time in a zone of an instant. */
export function local(instant, zone) {
  const ms = floorDiv(instant, 1000n);
  const parts = Object.fromEntries(format(zone).formatToParts(new Date(Number(ms))).map((p) => [p.type, p.value]));
  const year = parts.era === "BC" ? 1 - Number(parts.year) : Number(parts.year);
  const seconds = BigInt(Number(parts.hour) * 3600 + Number(parts.minute) * 60 + Number(parts.second));
  return days(year, Number(parts.month), Number(parts.day)) + seconds * SECOND + (((instant % SECOND) + SECOND) % SECOND);
}

/** The instant of a local time: of one in a gap by the offset before it, of one that comes twice the first. */
export function atZone(time, zone) {
  const before = local(time - DAY, zone) - (time - DAY);
  const after = local(time + DAY, zone) - (time + DAY);
  const offset = (instant) => local(instant, zone) - instant;
  if (offset(time - before) === before) return time - before;
  return offset(time - after) === after ? time - after : time - before;
}

export function parseDay(text) {
  const found = DATE.exec(text);
  if (!found) return null;
  const [year, month, day] = found.slice(1).map(Number);
  if (year < 1 || month < 1 || month > 12 || day < 1) return null;
  const time = days(year, month, day);
  const real = new Date(Number(time / 1000n));
  return real.getUTCMonth() === month - 1 && real.getUTCDate() === day ? time : null;
}

/** A date-time as an instant, without an offset as UTC. */
export function parseDateTime(text) {
  const found = DATETIME.exec(text);
  if (!found) return null;
  const [, date, hour, minute, second, fraction, , sign, offsetHour, offsetMinute] = found;
  const day = parseDay(date);
  if (day === null || Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) return null;
  let found_ = day + BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second ?? 0)) * SECOND;
  found_ += BigInt((fraction ?? "").slice(0, 6).padEnd(6, "0"));
  if (!sign) return found_;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const offset = BigInt(Number(offsetHour) * 3600 + Number(offsetMinute) * 60) * SECOND;
  return sign === "+" ? found_ - offset : found_ + offset;
}

export const weekday = (time) => (new Date(Number(floorDiv(time, 1000n))).getUTCDay() + 6) % 7;
export const hour = (time) => Number(floorDiv(((time % DAY) + DAY) % DAY, 3600n * SECOND));
export const two = (number) => String(number).padStart(2, "0");

export function dayText(time) {
  return new Date(Number(floorDiv(time, 1000n))).toISOString().slice(0, 10);
}

export function startOfDay(time) {
  return time - (((time % DAY) + DAY) % DAY);
}

export function timeText(time) {
  const micro = ((time % SECOND) + SECOND) % SECOND;
  const text = new Date(Number(floorDiv(time, 1000n))).toISOString().slice(0, 19).replace("T", " ");
  return text + (micro ? `.${String(micro).padStart(6, "0")}` : "");
}

export function isOn(schedule, now, zone, visitorZone) {
  const where = schedule.visitor ? visitorZone : zone;
  const instant = (text) => (text.endsWith("Z") ? parseDateTime(text) : atZone(parseDateTime(text), where));
  if (schedule.from !== undefined && now < instant(schedule.from)) return false;
  if (schedule.until !== undefined && now >= instant(schedule.until)) return false;
  const here = local(now, where);
  let day = weekday(here);
  if (schedule.hours) {
    const [first, last] = schedule.hours;
    const at = hour(here);
    if (first <= last) {
      if (at < first || at > last) return false;
    } else if (at <= last) day = (day + 6) % 7;
    else if (at < first) return false;
  }
  return !schedule.weekdays || schedule.weekdays.includes(day);
}
