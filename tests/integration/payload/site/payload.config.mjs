// A small site for Tessera's tests: articles with drafts in two languages, tags without drafts, files, people.
import { buildConfig } from 'payload'
import { sqliteAdapter } from '@payloadcms/db-sqlite'

const readers = ({ req }) => (req.user ? true : { _status: { equals: 'published' } })
const plugins = []
if (process.env.TESSERA_URL) {
  const { tessera } = await import(process.env.TESSERA_MODULE)
  plugins.push(tessera({
    url: process.env.TESSERA_URL,
    secret: process.env.TESSERA_SECRET,
    collections: ['articles', 'tags', 'media'],
    delayMs: 20,
    waitMs: 100,
    timeoutMs: 60_000, // who listens reads the site meanwhile: a busy machine must not make that two notices
  }))
}
export default buildConfig({
  secret: 'a secret of this test site',
  telemetry: false,
  plugins,
  db: sqliteAdapter({
    client: { url: `file:${process.env.DB}` },
    push: true,
    transactionOptions: {}, // SQLite's are off by default; with them, hooks run before the commit
    busyTimeout: 5000,
  }),
  localization: { locales: ['en', 'fr'], defaultLocale: 'en', fallback: true },
  collections: [
    { slug: 'users', auth: { useAPIKey: true }, fields: [{ name: 'name', type: 'text' }] },
    {
      slug: 'tags',
      access: { read: () => true },
      fields: [{ name: 'name', type: 'text', required: true }],
    },
    {
      slug: 'media',
      access: { read: () => true },
      upload: { staticDir: process.env.FILES },
      fields: [{ name: 'alt', type: 'text', localized: true }],
    },
    {
      slug: 'articles',
      access: { read: readers },
      versions: { drafts: true },
      trash: true,
      fields: [
        { name: 'title', type: 'text', required: true, localized: true },
        { name: 'slug', type: 'text', unique: true },
        { name: 'kind', type: 'select', options: ['article', 'hero', 'banner'], defaultValue: 'article' },
        { name: 'priority', type: 'number', defaultValue: 0 },
        { name: 'text', type: 'textarea', localized: true },
        { name: 'body', type: 'json', localized: true },
        { name: 'audience', type: 'text', hasMany: true },
        { name: 'tags', type: 'relationship', relationTo: 'tags', hasMany: true },
        { name: 'related', type: 'relationship', relationTo: 'articles' },
        { name: 'about', type: 'relationship', relationTo: ['tags', 'articles'] },
        { name: 'author', type: 'relationship', relationTo: 'users' },
        { name: 'cover', type: 'upload', relationTo: 'media' },
        { name: 'seo', type: 'group', fields: [{ name: 'summary', type: 'text', localized: true }] },
        {
          name: 'layout',
          type: 'blocks',
          blocks: [
            {
              slug: 'quote',
              fields: [
                { name: 'words', type: 'text', localized: true },
                { name: 'source', type: 'text' },
              ],
            },
          ],
        },
        { name: 'publishedAt', type: 'date' },
      ],
    },
  ],
})
