package templates

// Theme is how Markdown's elements look in a mail.
type Theme struct{}
