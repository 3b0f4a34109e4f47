package send

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestForgetOutbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".ids"), 0o700); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("X-Long: "+strings.Repeat("x", 990)+"\r\n", 100)
	mails := map[string]string{
		"1.eml":       "From: a@x.example\r\nTo: <ann@mail.example>\r\n\r\nann",
		"2.eml":       "To: \"Ann\" <ANN@Mail.Example>, bob@mail.example\r\n\r\n",
		"3.eml":       "To:\r\n <ann@mail.example>\r\nSubject: x\r\n\r\n",
		".ids/new-1":  "To: ann@mail.example\r\n\r\n",
		"keep1.eml":   "To: <bob@mail.example>\r\n\r\nTo: <ann@mail.example>\r\n",
		"keep2.eml":   "To: <joann@mail.example>\r\nSubject: ann@mail.example\r\n\r\n",
		"keep3.txt":   "To: <ann@mail.example>\r\n\r\n",
		"keep4.eml":   "not a mail",
		"keep5.eml":   "",
		"keep6.eml":   long + "To: <ann@mail.example>\r\n\r\n",
		".ids/0123ab": "1.eml",
	}
	for name, content := range mails {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "keep3.txt"), filepath.Join(dir, "link.eml")); err != nil {
		t.Fatal(err)
	}
	removed, err := ForgetOutbox(dir, "ann@mail.example")
	if err != nil || removed != 4 {
		t.Errorf("%d removed: %v", removed, err)
	}
	for name := range mails {
		_, err := os.Stat(filepath.Join(dir, name))
		if keep := strings.HasPrefix(name, "keep") || name == ".ids/0123ab"; keep != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if removed, err := ForgetOutbox(filepath.Join(dir, "nothing"), "ann@mail.example"); err != nil || removed != 0 {
		t.Errorf("%d removed: %v", removed, err)
	}
}
