// Typed values. An instant is {at, day?, text}: `at` to compare, `text` as keys write it. Missing is undefined.

import * as time from "./time.mjs";

const LARGEST = 2 ** 53;
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isText = (value) => typeof value === "string";

export const isInstant = (value) => typeof value === "object" && value !== null && Object.hasOwn(value, "at");
export const isPlace = (value) => typeof value === "object" && value !== null && Object.hasOwn(value, "lat");
export const day = (midnight, text) => ({ at: midnight, text });
export const instant = (at) => ({ at, text: `${time.timeText(at)}+00:00` });

export function read(type, value, zone) {
  switch (type) {
    case "string":
      return isText(value) ? value : undefined;
    case "number":
      return isNumber(value) ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "date":
    case "datetime": {
      if (!isText(value)) return undefined;
      const found = time.parseDay(value);
      if (found !== null) return day(time.atZone(found, zone), value);
      const moment = type === "datetime" ? time.parseDateTime(value) : null;
      return moment === null ? undefined : instant(moment);
    }
    case "version":
      return isText(value) && version(value) ? value : undefined;
    case "ip":
      return isText(value) && address(value) ? value : undefined;
    case "location": {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
      const { lat, lon } = value;
      const good = isNumber(lat) && isNumber(lon) && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
      return good ? { lat, lon } : undefined;
    }
    case "string_list":
      return Array.isArray(value) && value.every(isText) ? value : undefined;
    case "number_list":
      return Array.isArray(value) && value.every(isNumber) ? value : undefined;
    default:
      return undefined;
  }
}

const ID = "[0-9A-Za-z-]+";
const VERSION = new RegExp(`^v?([0-9]{1,18}(?:\\.[0-9]{1,18})*)(?:-(${ID}(?:\\.${ID})*))?(?:\\+${ID}(?:\\.${ID})*)?$`);

export function version(text) {
  const found = [...text].length <= 256 ? VERSION.exec(text) : null;
  if (!found) return null;
  const numbers = found[1].split(".").map(BigInt);
  while (numbers.length && numbers.at(-1) === 0n) numbers.pop();
  return { numbers, pre: found[2]?.split(".") };
}

export function compareVersions(a, b) {
  for (let i = 0; i < Math.max(a.numbers.length, b.numbers.length); i++) {
    const [x, y] = [a.numbers[i] ?? 0n, b.numbers[i] ?? 0n];
    if (x !== y) return x < y ? -1 : 1;
  }
  if (!a.pre || !b.pre) return a.pre ? -1 : b.pre ? 1 : 0;
  for (let i = 0; i < Math.min(a.pre.length, b.pre.length); i++) {
    const [x, y] = [a.pre[i], b.pre[i]];
    const [n, m] = [/^[0-9]+$/.test(x), /^[0-9]+$/.test(y)];
    if (n !== m) return n ? -1 : 1;
    const [left, right] = n ? [BigInt(x), BigInt(y)] : [x, y];
    if (left !== right) return left < right ? -1 : 1;
  }
  return Math.sign(a.pre.length - b.pre.length);
}

/** {bits, number}: 32 or 128. */
export function address(text) {
  const short = four(text);
  if (short !== null) return { bits: 32, number: short };
  const [plain, zone, ...more] = text.split("%");
  if (more.length || zone === "") return null;
  const number = six(plain);
  if (number === null) return null;
  return number >> 32n === 0xffffn ? { bits: 32, number: number & 0xffffffffn } : { bits: 128, number };
}

function four(text) {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((one) => /^(0|[1-9][0-9]{0,2})$/.test(one) && Number(one) < 256)) return null;
  return parts.reduce((n, one) => n * 256n + BigInt(one), 0n);
}

function six(text) {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1);
  if (last.length && last.at(-1).includes(".")) {
    const short = four(last.pop());
    if (short === null) return null;
    last.push((short >> 16n).toString(16), (short & 0xffffn).toString(16));
  }
  const count = groups.reduce((n, one) => n + one.length, 0);
  if (halves.length === 2 ? count > 7 : count !== 8) return null;
  const whole = halves.length === 2 ? [...groups[0], ...Array(8 - count).fill("0"), ...groups[1]] : groups[0];
  if (!whole.every((one) => /^[0-9a-fA-F]{1,4}$/.test(one))) return null;
  return whole.reduce((n, one) => n * 65536n + BigInt(parseInt(one, 16)), 0n);
}

export function network(text) {
  const [host, length, ...more] = String(text).split("/");
  const short = four(host);
  const bits = short === null ? 128 : 32;
  const number = short ?? six(host);
  if (number === null || more.length || (length !== undefined && !/^[0-9]{1,3}$/.test(length))) return null;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits || number & ((1n << BigInt(bits - prefix)) - 1n)) return null;
  return { bits, number, prefix };
}

const SPECIAL = {
  "ß": "ss", "ẞ": "ss", "ſ": "s", "\u212a": "k", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st",
  "ﬆ": "st", "ŉ": "\u02bcn", "ẚ": "a\u02be", "İ": "i\u0307",
};

export function fold(value) {
  if (Array.isArray(value)) return value.map(fold);
  if (!isText(value)) return value;
  return [...value.normalize("NFC")].map((one) => SPECIAL[one] ?? one.toLowerCase()).join("").normalize("NFC");
}

/** As keys write it: JSON in ASCII. */
export function written(value) {
  if (value === undefined || value === null) return "null";
  if (isText(value)) return quoted(value);
  if (typeof value === "number") return numeral(value);
  if (typeof value === "boolean") return String(value);
  if (isInstant(value)) return quoted(value.text);
  if (isPlace(value)) return `[${numeral(value.lat)},${numeral(value.lon)}]`;
  return `[${value.map(written).join(",")}]`;
}

export function quoted(text) {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function numeral(value) {
  if (Number.isInteger(value) && Math.abs(value) <= LARGEST) return String(value === 0 ? 0 : value);
  const [digits, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= 16 || power < -4) return `${digits}e${power < 0 ? "-" : "+"}${time.two(Math.abs(power))}`;
  const sign = value < 0 ? "-" : "";
  const plain = digits.replace("-", "").replace(".", "");
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${plain}`;
  const padded = plain.padEnd(power + 1, "0");
  return `${sign}${padded.slice(0, power + 1)}.${padded.slice(power + 1) || "0"}`;
}

export function byCodePoint(a, b) {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return x[i].codePointAt(0) - y[i].codePointAt(0);
  }
  return x.length - y.length;
}
