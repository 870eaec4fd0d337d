// Reads lines of JSON from its input: {"export"} is kept if it is understood, {"slot", "visit"} answered, {"salt", "id"} gives a bucket.

import { createInterface } from "node:readline";
import { bucket } from "./hashes.mjs";
import { decide, isUnderstood } from "./evaluate.mjs";

let compiled = null;

function answer(order) {
  if (order.export) {
    compiled = isUnderstood(order.export) ? order.export : null;
    return compiled !== null;
  }
  return "salt" in order ? bucket(order.salt, order.id) : decide(compiled, order.slot, order.visit);
}

for await (const line of createInterface({ input: process.stdin })) {
  let found;
  try {
    found = answer(JSON.parse(line));
  } catch (error) {
    found = { error: error.stack };
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
