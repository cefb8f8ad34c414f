// What a program of a client does with Retell's SDK for Node, against /compat/retell.
// Reads one JSON object: address, key, wish, signed. Prints what came of each step.
import { readFileSync } from "node:fs";
import Retell from "retell-sdk";

const asked = JSON.parse(readFileSync(0, "utf8"));
const client = new Retell({ apiKey: asked.key, baseURL: asked.address, maxRetries: 0 });
const created = await client.call.createPhoneCall(asked.wish);
const read = await client.call.retrieve(created.call_id);
const listed = await client.call.list({ limit: 50 });
const agents = await client.agent.list();
const numbers = await client.phoneNumber.list();
await client.call.stop(created.call_id);
const { body, signature } = asked.signed;
let refused = 0;
try {
  await client.call.retrieve("call_of_nobody");
} catch (error) {
  refused = error.status;
}
console.log(
  JSON.stringify({
    created,
    read,
    listed,
    agents,
    numbers,
    refused,
    stopped: true,
    verified: await Retell.verify(body, asked.key, signature),
    forged: await Retell.verify(`${body} `, asked.key, signature),
  }),
);
