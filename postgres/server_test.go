package postgres_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// server is a PostgreSQL server that a test can stop.
type server struct {
	programs, folder, url string
}

// startServer starts a server of the test's own.
func startServer(t *testing.T) *server {
	t.Helper()
	databaseURL(t) // whoever wants no PostgreSQL wants no second one
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("no programs of a PostgreSQL server in /usr/lib/postgresql: install Debian's package postgresql")
	}
	// Not t.TempDir: its path is too long for the name of a socket.
	folder, err := os.MkdirTemp("", "frontdesk")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o777))
	s := &server{programs: slices.Max(found), folder: folder, url: "postgres://postgres@/postgres?host=" + folder}
	s.run(t, "initdb", "--pgdata="+s.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
	s.start(t)
	t.Cleanup(func() { s.stopAtOnce(t) })
	return s
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

// run runs one of PostgreSQL's programs, as somebody else if we are root, as
// which they refuse to run.
func (s *server) run(t *testing.T, program string, args ...string) {
	t.Helper()
	args = append([]string{filepath.Join(s.programs, program)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	command := exec.Command(args[0], args[1:]...)
	command.Dir = "/"
	output, err := os.CreateTemp(t.TempDir(), "output") // a pipe would be held open by the server
	require.NoError(t, err)
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(output.Name())
		require.NoError(t, err, "%s: %s", program, said)
	}
}

func (s *server) start(t *testing.T) {
	t.Helper()
	s.run(t, "pg_ctl", "--pgdata="+s.data(), "--log="+filepath.Join(s.folder, "log"), "--wait", "start",
		"--options=-c listen_addresses='' -c unix_socket_directories='"+s.folder+"'")
}

// stopAtOnce ends all processes of the server as they are.
func (s *server) stopAtOnce(t *testing.T) {
	t.Helper()
	s.run(t, "pg_ctl", "--pgdata="+s.data(), "--mode=immediate", "--wait", "stop")
}
