// Fills in `payload_hex` of the sample files named, from their `payload`, by Eclipse Tahu's own encoder:
//   cd "$(mktemp -d)" && npm install sparkplug-payload@1.0.3 && cp …/encode.cjs . && node encode.cjs …/*.json
const fs = require("fs");
const Long = require("long");
const { encodePayload } = require("sparkplug-payload").get("spBv1.0");

// JSON has neither bytes nor 64-bit integers: {"hex": "…"} and {"long": "-5"} stand for them.
function revive(key, value) {
  if (value && typeof value.hex === "string") return Buffer.from(value.hex, "hex");
  if (value && typeof value.long === "string") return Long.fromString(value.long);
  return value;
}

for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, "utf8");
  const stream = JSON.parse(text);
  const alive = JSON.parse(text, revive);
  stream.messages.forEach((message, i) => {
    if (message.payload) {
      message.payload_hex = Buffer.from(encodePayload(alive.messages[i].payload)).toString("hex");
    }
  });
  fs.writeFileSync(file, JSON.stringify(stream, null, 1) + "\n");
}
