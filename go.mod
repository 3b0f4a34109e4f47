module germane

go 1.26.0

require (
	github.com/expr-lang/expr v1.17.8 // the syntax of rules: its parser and tree, never its virtual machine
	github.com/growthbook/growthbook-golang v0.7.0 // tests only: its cases.json holds our hash and ranges to GrowthBook's
	github.com/robfig/cron/v3 v3.0.1 // cron expressions and the next due time
	github.com/rogpeppe/go-internal v1.16.0 // tests only: testscript, the command line as readable scripts
	github.com/spf13/cobra v1.10.2 // commands, flags, help and completion
	github.com/wneessen/go-mail v0.8.1 // the SMTP client; in tests also a second reader of our messages
	github.com/yuin/goldmark v1.8.7 // Markdown to HTML; Liquid in it is ours
	go.yaml.in/yaml/v4 v4.0.0 // YAML with the place of every value
	golang.org/x/tools v0.51.0 // tests only: txtar archives of broken workspaces
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/osteele/liquid v1.9.2 // indirect
	github.com/osteele/tuesday v1.1.1 // indirect
	github.com/spf13/pflag v1.0.10 // indirect
	github.com/tmaxmax/go-sse v0.10.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/mod v0.41.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
)
