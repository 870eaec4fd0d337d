// What each test means for a value that is there. An operand that does not suit throws.

import { DAYS, parseDateTime } from "./time.mjs";
import { address, compareVersions, fold, isInstant, isPlace, network, version } from "./values.mjs";

class Unsuited extends Error {}
export const OPPOSITES = { ne: "eq", not_in: "in" };
const isText = (value) => typeof value === "string";

function same(a, b) {
  if (isInstant(a) || isInstant(b)) return isInstant(a) && isInstant(b) && a.at === b.at;
  return typeof a === typeof b && a === b;
}

function list(operand) {
  if (!Array.isArray(operand)) throw new Unsuited();
  return operand;
}

/** On the scale of the operand: a number or BigInt; null where it has no place there. */
function rank(value, order, like) {
  if (order === "weekday") return DAYS.includes(value) ? DAYS.indexOf(value) : null;
  if (order === "clock") return isText(value) && /^([01][0-9]|2[0-3]):[0-5][0-9]$/.test(value) ? value : null;
  if (isInstant(like)) return isInstant(value) ? value.at : null;
  return typeof value === "number" ? value : null;
}

function limit(operand, order) {
  const found = rank(operand, order, operand);
  if (found === null) throw new Unsuited();
  return found;
}

const COMPARE = {
  gt: (a, b) => a > b, gte: (a, b) => a >= b, lt: (a, b) => a < b, lte: (a, b) => a <= b,
  before: (a, b) => a < b, after: (a, b) => a > b,
  version_eq: (c) => c === 0, version_gt: (c) => c > 0, version_gte: (c) => c >= 0, version_lt: (c) => c < 0,
  version_lte: (c) => c <= 0,
};

function far(a, b) {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const [lat1, lon1, lat2, lon2] = [a.lat, a.lon, b.lat, b.lon].map(radians);
  const h = Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin((lon2 - lon1) / 2) ** 2;
  return Math.round(2 * 6371.0088 * Math.asin(Math.min(1, Math.sqrt(h))) * 1000) / 1000;
}

function within(value, ranges) {
  const here = address(value);
  return ranges.some(({ bits, number, prefix }) => {
    const shift = BigInt(bits - prefix);
    return here !== null && here.bits === bits && here.number >> shift === number >> shift;
  });
}

/** The literal of a test as a value: of date attributes, instants. */
export function literal(test, type) {
  const one = (text) => (text === null ? null : { at: parseDateTime(text) });
  if (test.test === "exists" || (type !== "date" && type !== "datetime")) return test.value;
  return Array.isArray(test.value) ? test.value.map(one) : one(test.value);
}

export function holds(name, value, operand, order, anyCase) {
  if (anyCase) return holds(name, fold(value), fold(operand), order, false);
  const listed = Array.isArray(value);
  switch (name) {
    case "eq":
      return !listed && !isPlace(value) && same(value, operand);
    case "in":
      return list(operand).some((one) => !listed && !isPlace(value) && same(value, one));
    case "ne":
    case "not_in":
      return listed || isPlace(value) || !holds(OPPOSITES[name], value, operand);
    case "is":
      if (Array.isArray(operand)) return operand.some((one) => (listed ? value.some((v) => same(v, one)) : same(value, one)));
      return listed ? value.some((one) => same(one, operand)) : same(value, operand);
    case "gt":
    case "gte":
    case "lt":
    case "lte":
    case "before":
    case "after": {
      const [edge, found] = [limit(operand, order), rank(value, order, operand)];
      return found !== null && COMPARE[name](found, edge);
    }
    case "between": {
      if (list(operand).length !== 2) throw new Unsuited();
      const [low, high] = operand.map((one) => limit(one, order));
      const found = rank(value, order, operand[0]);
      if (found === null) return false;
      return order && low > high ? found >= low || found <= high : low <= found && found <= high;
    }
    case "contains":
      if (isText(value)) return isText(operand) && value.includes(operand);
      return listed && value.some((one) => same(one, operand));
    case "contains_any":
      return list(operand).some((one) => listed && value.some((v) => same(v, one)));
    case "contains_all":
      if (!list(operand).length) throw new Unsuited();
      return listed && operand.every((one) => value.some((v) => same(v, one)));
    case "starts_with":
      return isText(value) && isText(operand) && value.startsWith(operand);
    case "ends_with":
      return isText(value) && isText(operand) && value.endsWith(operand);
    case "exists":
      return operand;
    case "in_network": {
      const ranges = (Array.isArray(operand) ? operand : [operand]).map(network);
      if (ranges.includes(null)) throw new Unsuited();
      return isText(value) && within(value, ranges);
    }
    case "within_km":
      return isPlace(value) && far(value, operand) <= operand.km;
    default: {
      if (!(name in COMPARE)) throw new Error(`no test ${name}`);
      const [mine, theirs] = [isText(value) ? version(value) : null, isText(operand) ? version(operand) : null];
      if (!theirs) throw new Unsuited();
      return mine !== null && COMPARE[name](compareVersions(mine, theirs));
    }
  }
}

export { Unsuited };
