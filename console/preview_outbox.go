package console

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"germane/render"
)

// Bounds of the outbox: more mails, or larger ones, are not read.
const (
	maxNames  = 100_000
	maxListed = 100
	maxMail   = 4 << 20
	maxTop    = 16 << 10
)

// outboxPage shows the mails that were written to a folder instead of being sent.
type outboxPage struct {
	Version, Name string
	Posts         bool
	Mails         []outboxMail
	More          int
	Current       *outboxMail
	Tab           string
	Tabs          []entry
	Mail          *render.Mail
	From          string
	Source        template.HTML
	Trouble       string
	Frame         template.URL
}

type outboxMail struct {
	Name, Subject, To, URL string
	At                     time.Time
	Bytes                  int64
	Current                bool
}

// KB is the size as pages write it.
func (m outboxMail) KB() int { return int(m.Bytes) }

// outbox lists the newest mails and shows one.
func (p *Preview) outbox(w http.ResponseWriter, r *http.Request) {
	data := &outboxPage{Version: p.version, Name: p.Name, Tab: oneOf(r.URL.Query().Get("tab"), tabs[:3])}
	root, names, err := p.openOutbox()
	if err != nil {
		p.refuse(w, err)
		return
	}
	defer closeRoot(root)
	data.More = max(0, len(names)-maxListed)
	wanted := r.URL.Query().Get("mail")
	for i, name := range names {
		if i >= maxListed && name != wanted {
			continue
		}
		m := outboxEntry(root, name)
		m.URL = "/outbox?" + url.Values{"mail": {name}}.Encode()
		if m.Current = name == wanted || wanted == "" && i == 0; m.Current {
			data.Current = &m
		}
		data.Mails = append(data.Mails, m)
	}
	if data.Current != nil {
		data.open(root)
	}
	p.show(w, http.StatusOK, "outbox.html", data)
}

// openOutbox opens the folder and returns the names of its mails, newest first. A name that a client sends is only looked for in them.
func (p *Preview) openOutbox() (*os.Root, []string, error) {
	if p.Outbox == "" {
		return nil, nil, nil
	}
	root, err := os.OpenRoot(p.Outbox)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil // nothing was sent yet
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open the outbox: %w", err)
	}
	folder, err := root.Open(".")
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the outbox: %w", err), root.Close())
	}
	defer folder.Close()
	names, err := folder.Readdirnames(maxNames)
	if err != nil && err != io.EOF {
		return nil, nil, errors.Join(fmt.Errorf("list the outbox: %w", err), root.Close())
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, ".") || !strings.HasSuffix(name, ".eml") })
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(b, a) }) // names begin with the time
	return root, names, nil
}

func closeRoot(root *os.Root) {
	if root != nil {
		_ = root.Close() // nothing was written
	}
}

// outboxEntry reads the top of a mail.
func outboxEntry(root *os.Root, name string) outboxMail {
	m := outboxMail{Name: name}
	if stamp, _, ok := strings.Cut(name, "-"); ok {
		m.At, _ = time.Parse("20060102T150405.999999999Z", stamp) // another name has no time
	}
	data, size, err := readMailFile(root, name, maxTop)
	if err != nil {
		m.Subject = "cannot be read: " + err.Error()
		return m
	}
	m.Bytes = size
	top, _, _ := strings.Cut(string(data), "\r\n\r\n")
	for _, h := range headers(&letter{top: top}) {
		switch strings.ToLower(h.Name) {
		case "subject":
			m.Subject = h.Value
		case "to":
			m.To = h.Value
		}
	}
	return m
}

// readMailFile reads a plain file of the outbox, up to a limit.
func readMailFile(root *os.Root, name string, limit int64) ([]byte, int64, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("it is not a plain file")
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit))
	return data, info.Size(), err
}

// open reads the current mail.
func (d *outboxPage) open(root *os.Root) {
	for i, tab := range tabs[:3] {
		d.Tabs = append(d.Tabs, entry{Name: strings.ToUpper(tab[:1]) + tab[1:], URL: d.Current.URL + "&tab=" + tab, Key: fmt.Sprint(i + 1), Current: tab == d.Tab})
	}
	mail, err := readOutboxMail(root, d.Current.Name)
	if err != nil {
		d.Trouble = err.Error()
		return
	}
	d.Mail, d.From = mail, sender(&letter{Mail: mail})
	d.Frame = template.URL("/outbox/mail?" + url.Values{"mail": {d.Current.Name}}.Encode())
	if d.Tab == "source" {
		d.Source = highlight(mail.HTML)
	}
}

func readOutboxMail(root *os.Root, name string) (*render.Mail, error) {
	data, size, err := readMailFile(root, name, maxMail)
	if err != nil {
		return nil, err
	}
	if size > maxMail {
		return nil, fmt.Errorf("this mail has %d MB; more than %d are not shown", size>>20, maxMail>>20)
	}
	return render.ReadMail(data)
}

// outboxMail answers with the HTML of one mail, for a frame.
func (p *Preview) outboxMail(w http.ResponseWriter, r *http.Request) {
	root, names, err := p.openOutbox()
	if err != nil {
		p.refuse(w, err)
		return
	}
	defer closeRoot(root)
	name := r.URL.Query().Get("mail")
	if !slices.Contains(names, name) {
		http.NotFound(w, r)
		return
	}
	mail, err := readOutboxMail(root, name)
	if err != nil {
		p.refuse(w, err)
		return
	}
	v := readView(r.URL.Query())
	p.showMail(w, mail.HTML, p.workshop.now().good, looks{scheme: v.Scheme, images: v.Images})
}
