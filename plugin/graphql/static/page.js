"use strict";

const part = (id) => document.getElementById(id);
const SAMPLE = `query Page($slots: [SlotInput!]!) {
  personalize(slots: $slots) {
    decisionId
    slots {
      id
      ttlS
      blocks { id type fields reason { kind rule } }
    }
    errors { slot detail }
  }
}
`;
const SCHEMA = `{
  __schema {
    types {
      name kind description
      fields { name type { name kind ofType { name kind ofType { name kind } } } }
    }
  }
}
`;

async function ask(query, variables) {
  const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json" };
  const key = part("key").value.trim();
  if (key) headers["X-Tessera-Key"] = key;
  part("status").value = "…";
  const began = performance.now();
  try {
    const answer = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    part("answer").textContent = JSON.stringify(await answer.json(), null, 2);
    part("status").value = `${answer.status} in ${Math.round(performance.now() - began)} ms`;
  } catch (error) {
    part("status").value = `no answer: ${error.message}`;
  }
}

function run() {
  const text = part("variables").value.trim();
  let variables = {};
  try {
    variables = text ? JSON.parse(text) : {};
  } catch (error) {
    part("status").value = `the variables are not JSON: ${error.message}`;
    return;
  }
  ask(part("query").value, variables);
}

part("query").value = SAMPLE;
part("variables").value = JSON.stringify({ slots: [{ id: "home.hero" }] }, null, 2);
part("run").addEventListener("click", run);
part("schema").addEventListener("click", () => ask(SCHEMA, {}));
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
