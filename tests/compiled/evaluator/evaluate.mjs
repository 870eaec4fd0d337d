// An edge's evaluator of compiled rule sets, written from docs/compiled.md alone.

import { blake2b96, bucket } from "./hashes.mjs";
import { Unsuited, holds, literal } from "./tests.mjs";
import * as time from "./time.mjs";
import * as values from "./values.mjs";

export class Visit {
  constructor(compiled, visit) {
    this.compiled = compiled;
    this.visit = visit;
    this.now = time.parseDateTime(visit.now);
    this.read = new Map();
    this.held = new Set(visit.segments.filter((name) => compiled.segments.some((one) => one.id === name)));
    this.zone = ["context.timezone", "geo.timezone"].map((name) => this.get(name)).find((name) => name && time.format(name));
    this.zone ??= compiled.timezone;
    for (const segment of compiled.segments) {
      if (!segment.given && this.meets(segment.when)) this.held.add(segment.id);
    }
  }

  get(name) {
    if (!this.read.has(name)) this.read.set(name, this.value(name));
    return this.read.get(name);
  }

  value(name) {
    if (!(name in this.compiled.attributes)) return undefined;
    const { type, purpose } = this.compiled.attributes[name];
    if (purpose) {
      const consent = this.visit.attributes[`consent.${purpose}`] ?? null;
      if (consent === null ? this.visit.deny_unknown : consent !== true) return undefined;
    }
    const given = this.visit.attributes[name] ?? null;
    if (given !== null) return values.read(type, given, this.compiled.timezone);
    if (!name.startsWith("time.")) return undefined;
    const here = time.local(this.now, this.zone);
    const minute = Number((here / 60_000_000n) % 60n);
    switch (name) {
      case "time.hour":
        return time.hour(here);
      case "time.of_day":
        return `${time.two(time.hour(here))}:${time.two(minute)}`;
      case "time.weekday":
        return time.DAYS[time.weekday(here)];
      case "time.date":
        return values.day(time.atZone(time.startOfDay(here), this.compiled.timezone), time.dayText(here));
      default:
        return values.instant(this.now);
    }
  }

  bucket(salt, unit = "device") {
    const id = this.visit[unit] || this.get("visitor.id");
    return id ? bucket(salt, id) : null;
  }

  meets(condition) {
    if (condition.all) return condition.all.every((one) => this.meets(one));
    if (condition.any) return condition.any.some((one) => this.meets(one));
    if (condition.not) return !this.meets(condition.not);
    if (condition.segment) return condition.segment.some((name) => this.held.has(name));
    return this.test(condition);
  }

  test(test) {
    if (test.test === "percent") {
      const position = this.bucket(test.salt);
      return position !== null && test.gte <= position / 100 && position / 100 < test.lt;
    }
    const missing = test.test === "ne" || test.test === "not_in" || (test.test === "exists" && test.value === false);
    const value = this.get(test.attribute);
    let operand;
    if ("ref" in test) operand = this.get(test.ref);
    else if ("ago_s" in test) operand = { at: this.now - BigInt(test.ago_s) * 1_000_000n };
    else operand = literal(test, this.compiled.attributes[test.attribute].type);
    if (value === undefined || operand === undefined) return missing;
    try {
      return holds(test.test, value, operand, test.order, test.any_case);
    } catch (error) {
      if (error instanceof Unsuited) return missing;
      throw error;
    }
  }

  applies(one) {
    const on = !one.schedule || time.isOn(one.schedule, this.now, this.compiled.timezone, this.zone);
    return on && this.meets(one.when);
  }

  arm(experiment) {
    if (!this.applies(experiment)) return null;
    if (experiment.group !== undefined) {
      const members = this.compiled.groups[experiment.group];
      const position = this.bucket(`${experiment.group}:group`);
      if (position === null || members[Math.floor((position * members.length) / 10_000)] !== experiment.id) return null;
    }
    if (experiment.unit === "person" && this.get("visitor.known") !== true) return null;
    const entered = this.bucket(`${experiment.salt}:traffic`, experiment.unit);
    if (entered === null || entered >= experiment.traffic * 100) return null;
    const position = this.bucket(`${experiment.salt}:arm`, experiment.unit);
    const total = experiment.arms.reduce((sum, arm) => sum + arm.weight, 0);
    let sum = 0;
    return experiment.arms.find((arm) => position * total < 10_000 * (sum += arm.weight));
  }
}

export function isUnderstood({ format, version, buckets, keys }) {
  return format === "tessera-compiled" && version === 1 && buckets === "murmur3-32-v1" && keys === "2";
}

export function decide(compiled, slotId, visit) {
  const slot = compiled.slots.find((one) => one.id === slotId);
  const seen = new Visit(compiled, visit);
  const holdout = compiled.holdout && seen.bucket(compiled.holdout.salt);
  const heldOut = holdout !== null && holdout !== undefined && holdout < compiled.holdout.percent * 100;
  const rules = heldOut ? [] : slot.rules.filter((rule) => seen.applies(rule));
  const entered = heldOut ? [] : slot.experiments.map((one) => [one, seen.arm(one)]).filter(([, arm]) => arm);
  const acting = [...rules, ...entered.map(([{ rank, priority }, arm]) => ({ ...arm, rank, priority }))];
  acting.sort((a, b) => a.rank - b.rank);
  const stopping = acting.find((one) => one.stop);
  const left = stopping ? acting.filter((one) => one.priority >= stopping.priority) : acting;
  const hints = Object.assign({}, ...left.map((one) => one.hints ?? {}).reverse());
  const arms = entered.map(([experiment, arm]) => [experiment.id, arm.id]).sort((a, b) => values.byCodePoint(a[0], b[0]));
  return {
    rules: rules.sort((a, b) => a.rank - b.rank).map((one) => one.id),
    arms: Object.fromEntries(arms),
    hints,
    held_out: heldOut,
    key: key(seen, slot, telling(left), arms),
  };
}

function telling(left) {
  const known = new Set();
  return left.filter((one) => {
    const names = Object.keys(one.hints ?? {});
    if (one.digest === null || (one.only_hints && names.every((name) => known.has(name)))) return false;
    names.forEach((name) => known.add(name));
    return true;
  });
}

function key(seen, slot, left, arms) {
  const list = (items) => `[${items.join(",")}]`;
  const bound = [...left.filter((one) => one.refs).map((one) => one.refs), ...(slot.refs.length ? [slot.refs] : [])];
  const held = [...seen.held].filter((name) => slot.audiences === null || slot.audiences.includes(name));
  const languages = order(seen, slot).join(">");
  const text = list([
    values.quoted(seen.compiled.keys),
    values.quoted(slot.id),
    list(left.map((one) => values.quoted(one.digest))),
    list(bound.map((names) => values.quoted(list(names.map((name) => values.written(seen.get(name))))))),
    list(arms.map((pair) => list(pair.map(values.quoted)))),
    languages ? values.quoted(languages) : "null",
    list(held.sort(values.byCodePoint).map(values.quoted)),
  ]);
  return `k-${blake2b96(new TextEncoder().encode(text))}`;
}

function order(seen, slot) {
  const tag = seen.get("request.locale") ?? "";
  const found = [];
  const parts = tag.replaceAll("_", "-").toLowerCase().split("-");
  while ([...tag].length <= 64 && parts.length && parts[0]) {
    found.push(parts.join("-"));
    parts.pop();
    while (parts.length && [...parts.at(-1)].length === 1) parts.pop();
  }
  const chain = seen.compiled.locales.map((name) => name.toLowerCase());
  const all = [...new Set([...found.filter((name) => name !== "*"), ...chain])];
  if (slot.languages !== null) return all.filter((name) => slot.languages.includes(name));
  return chain.length ? all.filter((name) => chain.includes(name)) : all;
}
