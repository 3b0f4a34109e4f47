package endtoend

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"germane/internal/smtpfake"
	"germane/internal/testkit"
	"germane/store"
)

// TestSESFake sends a campaign over HTTP, and reads back what arrived.
func TestSESFake(t *testing.T) {
	t.Parallel()
	in := sesInbox(t)
	s := newSite(t, in.delivery, 1000)
	s.exits(0, "is finished", "send", "weekly", "--yes")
	s.checkAll(in.letters())
}

// TestOtherPeoplesSES sends a campaign to a stand-in for SES that others wrote. It keeps no headers of our own and no envelope.
func TestOtherPeoplesSES(t *testing.T) {
	t.Parallel()
	endpoint := testkit.SES(t, "../sesfake/node", 500)
	s := newSite(t, "ses://eu-west-1?endpoint="+endpoint, 400)
	s.exits(0, "is finished", "send", "weekly", "--yes")
	r := s.reader(s.report().Run)
	got := map[string]bool{}
	for _, m := range peerMails(t, endpoint) {
		to := strings.Trim(strings.Join(m.Destination.To, " "), "<>")
		d := r.rowOf(to)
		if got[to] || d == nil || d.State != store.Sent || d.Provider != m.MessageID {
			t.Errorf("%q got a second mail, or %s, and the row is %+v", to, m.MessageID, d)
			continue
		}
		got[to] = true
		r.check(to, d, &page{text: m.Body.Text, html: m.Body.HTML})
	}
	if sent := s.report().Sent; int(sent) != len(got) || sent < 250 {
		t.Errorf("%d people got a mail, and %d were sent", len(got), sent)
	}
}

// peerMail is a mail in aws-ses-v2-local's store.
type peerMail struct {
	MessageID   string
	Destination struct{ To []string }
	Body        struct{ Text, HTML string }
}

func peerMails(t *testing.T, endpoint string) []peerMail {
	t.Helper()
	response, err := http.Get(endpoint + "/store")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var store struct{ Emails []peerMail }
	if err := json.NewDecoder(response.Body).Decode(&store); err != nil {
		t.Fatal(err)
	}
	return store.Emails
}

// rowOf is somebody's row; nil: there is none.
func (r *reader) rowOf(to string) *store.Delivery {
	for _, d := range r.rows {
		if address(r.persons[d.Person]) == to {
			return d
		}
	}
	return nil
}

// TestPostfix sends ten thousand mails to a Postfix over STARTTLS, and reads back what it delivered.
func TestPostfix(t *testing.T) {
	t.Parallel()
	p := startPostfix(t)
	s := newSite(t, "smtp+starttls://"+p.address, 14_000, "SSL_CERT_FILE="+p.certificate)
	begun := time.Now()
	s.exits(0, "is finished", "send", "weekly", "--yes")
	sent := s.report().Sent
	t.Logf("%d mails taken in %s", sent, time.Since(begun).Round(time.Millisecond))
	if sent < 10_000 {
		t.Errorf("only %d mails were sent", sent)
	}
	s.checkAll(p.delivered(sent))
	t.Logf("delivered and read back after %s", time.Since(begun).Round(time.Millisecond))
}

// postfix is an instance of its own: its folders, its port, and none of the system's.
type postfix struct {
	t                    *testing.T
	folder               string
	address, certificate string
}

// The instance takes mail for mail.example and puts all of it into one maildir.
var postfixMain = template.Must(template.New("").Parse(`compatibility_level = 3.6
queue_directory = {{.Folder}}/queue
data_directory = {{.Folder}}/data
maillog_file = {{.Folder}}/log
maillog_file_prefixes = {{.Folder}}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost.localdomain
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = mail.example
virtual_mailbox_base = {{.Folder}}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{{.UID}}
virtual_gid_maps = static:{{.GID}}
virtual_minimum_uid = 1
smtpd_peername_lookup = no
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {{.Folder}}/tls.pem
smtpd_tls_received_header = yes
smtpd_relay_restrictions = reject_unauth_destination
in_flow_delay = 0
`))

const postfixMaster = `%s inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
`

func startPostfix(t *testing.T) *postfix {
	t.Helper()
	program := testkit.Program(t, "postfix")
	if os.Geteuid() != 0 {
		testkit.Missing(t, "root, without whom Postfix does not start,")
	}
	folder, err := os.MkdirTemp("", "germane-postfix") // not t.TempDir: Postfix's own user goes through it
	p := &postfix{t: t, folder: folder}
	t.Cleanup(func() { os.RemoveAll(p.folder) })
	owner, err2 := user.Lookup("postfix")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	listener.Close()
	p.configure(owner)
	p.write("tls.pem", p.makeCertificate(), 0o600)
	p.command(program)
	return p
}

func (p *postfix) configure(owner *user.User) {
	p.t.Helper()
	var main bytes.Buffer
	if err := postfixMain.Execute(&main, map[string]string{"Folder": p.folder, "UID": owner.Uid, "GID": owner.Gid}); err != nil {
		p.t.Fatal(err)
	}
	for _, name := range []string{"", "etc", "queue", "data", "mail"} {
		path := filepath.Join(p.folder, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.Chmod(path, 0o755); err != nil {
			p.t.Fatal(err)
		}
	}
	for _, name := range []string{"data", "mail"} {
		if out, err := exec.Command("chown", "postfix:postfix", filepath.Join(p.folder, name)).CombinedOutput(); err != nil {
			p.t.Fatal(err, string(out))
		}
	}
	p.write("etc/main.cf", main.Bytes(), 0o644)
	p.write("etc/master.cf", fmt.Appendf(nil, postfixMaster, p.address), 0o644)
}

func (p *postfix) write(name string, data []byte, mode os.FileMode) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.folder, name), data, mode); err != nil {
		p.t.Fatal(err)
	}
}

// makeCertificate makes a certificate that only whoever is told about it trusts, and returns it with its key.
func (p *postfix) makeCertificate() []byte {
	p.t.Helper()
	certificate, _, err := smtpfake.Certificate()
	if err != nil {
		p.t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		p.t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	p.certificate = filepath.Join(p.folder, "ca.pem")
	p.write("ca.pem", public, 0o644)
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), public...)
}

// command runs Postfix until the test ends.
func (p *postfix) command(program string) {
	p.t.Helper()
	etc := filepath.Join(p.folder, "etc")
	if out, err := exec.Command(program, "-c", etc, "check").CombinedOutput(); err != nil { // makes the queue's folders
		p.t.Fatalf("postfix check: %v: %s", err, out)
	}
	// Not `postfix start`, which leaves it behind when the test does not get to its end.
	daemons, err := exec.Command("postconf", "-c", etc, "-h", "daemon_directory").Output()
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.Command(filepath.Join(strings.TrimSpace(string(daemons)), "master"), "-c", etc)
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	p.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM) // it ends all its processes
		<-ended
	})
	for late := time.Now().Add(30 * time.Second); time.Now().Before(late); {
		dialer := net.Dialer{Timeout: time.Second}
		if conn, err := dialer.DialContext(p.t.Context(), "tcp", p.address); err == nil {
			conn.Close()
			return
		}
		select {
		case <-ended:
			log, _ := os.ReadFile(filepath.Join(p.folder, "log"))
			p.t.Fatalf("postfix does not start: %s", log)
		case <-time.After(20 * time.Millisecond):
		}
	}
	p.t.Fatal("postfix does not listen")
}

// delivered returns what is in the maildir, when as many mails as expected are, or time is up.
func (p *postfix) delivered(expected int64) (all []letter) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 3*time.Minute)
	defer cancel()
	maildir := filepath.Join(p.folder, "mail", "all", "new")
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	var files []os.DirEntry
	for {
		if files, _ = os.ReadDir(maildir); int64(len(files)) >= expected {
			break
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(p.folder, "log"))
			p.t.Fatalf("%d of %d mails are delivered:\n%s", len(files), expected, log[max(0, len(log)-2000):])
		case <-ticker.C:
		}
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(maildir, f.Name()))
		if err != nil {
			p.t.Fatal(err)
		}
		message, err := mail.ReadMessage(bytes.NewReader(data))
		if err != nil || !strings.Contains(message.Header.Get("Received"), "(using TLSv1") {
			p.t.Fatalf("%v: not over TLS: %v", err, message.Header)
		}
		all = append(all, letter{message.Header.Get("X-Original-To"), data})
	}
	return all
}
