// Payload's REST API without Next.js: its endpoints behind Node's own server.
import http from 'node:http'
import { Readable } from 'node:stream'
import { getPayload, handleEndpoints } from 'payload'
import config from './payload.config.mjs'

const payload = await getPayload({ config })
const { totalDocs } = await payload.count({ collection: 'users' })
if (!totalDocs) {
  await payload.create({
    collection: 'users',
    data: { name: 'Reader', email: 'reader@example.com', password: 'a password', enableAPIKey: true, apiKey: process.env.API_KEY },
  })
}

const server = http.createServer(async (asked, answer) => {
  const withBody = !['GET', 'HEAD'].includes(asked.method)
  const request = new Request(`http://${asked.headers.host}${asked.url}`, {
    method: asked.method,
    headers: Object.entries(asked.headers).filter(([, value]) => typeof value === 'string'),
    body: withBody ? Readable.toWeb(asked) : undefined,
    duplex: 'half',
  })
  const made = await handleEndpoints({ config, request })
  answer.writeHead(made.status, Object.fromEntries(made.headers))
  answer.end(Buffer.from(await made.arrayBuffer()))
})
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
