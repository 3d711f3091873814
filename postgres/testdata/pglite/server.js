// A PostgreSQL with pgvector for tests. It listens on a socket in the folder
// that is given, until its input ends. Connections take turns, so that one may
// begin before the one before it is gone; more is not to be expected.
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

const db = await PGlite.create({ extensions: { vector } })
const server = new PGLiteSocketServer({ db, maxConnections: 8, path: join(process.argv[2], '.s.PGSQL.5432') })
await server.start()
console.log('ready')
process.stdin.resume().on('end', () => process.exit(0))
