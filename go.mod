module germane

go 1.26.0

require (
	github.com/andybalholm/cascadia v1.3.5 // CSS selectors, to copy a page's styles to its elements
	github.com/aws/aws-sdk-go-v2 v1.47.7 // Amazon SES: the parts that all of the SDK shares; newer ones do not resolve
	github.com/aws/aws-sdk-go-v2/config v1.33.15 // Amazon SES: credentials from wherever AWS keeps them
	github.com/aws/aws-sdk-go-v2/credentials v1.20.15 // Amazon SES: none needed for an endpoint on this machine
	github.com/aws/aws-sdk-go-v2/service/sesv2 v1.79.7 // Amazon SES: sends, and says what an account may
	github.com/aws/smithy-go v1.28.8 // Amazon SES: the codes of its errors
	github.com/chromedp/cdproto v0.159.0 // tests only: what chromedp tells Chromium
	github.com/chromedp/chromedp v0.23.0 // tests only: looks at our mail with Chromium
	github.com/emersion/go-msgauth v0.7.0 // DKIM signatures, where no provider makes them
	github.com/emersion/go-sasl v0.0.0-20241020182733-b788ff22d5a6 // tests only: authentication for go-smtp
	github.com/emersion/go-smtp v0.25.1 // tests only: a real SMTP server
	github.com/expr-lang/expr v1.17.8 // the syntax of rules: its parser and tree, never its virtual machine
	github.com/fsnotify/fsnotify v1.10.1 // tells the preview that a file was saved
	github.com/growthbook/growthbook-golang v0.7.0 // tests only: its cases.json holds our hash and ranges to GrowthBook's
	github.com/jackc/pgx/v5 v5.12.0 // Postgres, spoken natively: arrays of parameters, COPY, a pool of connections
	github.com/osteele/liquid v1.9.2 // tests only: what the benchmark compares with
	github.com/pressly/goose/v3 v3.29.0 // numbers the changes of a database's tables, and refuses to make one twice
	github.com/riverqueue/river v0.51.1 // the queue that carries chunks' numbers between workers on Postgres
	github.com/riverqueue/river/riverdriver/riverpgxv5 v0.51.1 // River over pgx
	github.com/riverqueue/river/rivertype v0.51.1 // the states of River's jobs
	github.com/robfig/cron/v3 v3.0.1 // cron expressions and the next due time
	github.com/rogpeppe/go-internal v1.16.0 // tests only: testscript, the command line as readable scripts
	github.com/spf13/cobra v1.10.2 // commands, flags, help and completion
	github.com/tdewolff/parse/v2 v2.8.20 // the syntax of CSS
	github.com/wneessen/go-mail v0.8.1 // the SMTP client; in tests also a second reader of our messages
	github.com/yuin/goldmark v1.8.7 // Markdown to HTML; Liquid in it is ours
	go.yaml.in/yaml/v4 v4.0.0 // YAML with the place of every value
	golang.org/x/net v0.62.0 // parses a copy of a page, to tell which elements a selector means
	golang.org/x/time v0.16.0 // the bucket of tokens behind a sender's rate
	golang.org/x/tools v0.52.0 // tests only: txtar archives of broken workspaces
	modernc.org/sqlite v1.61.1 // SQLite without cgo; modernc.org/libc must stay at the version its go.mod names
)

require (
	github.com/aws/aws-sdk-go-v2/feature/ec2/imds v1.20.7 // indirect
	github.com/aws/aws-sdk-go-v2/internal/configsources v1.5.10 // indirect
	github.com/aws/aws-sdk-go-v2/internal/endpoints/v2 v2.8.10 // indirect
	github.com/aws/aws-sdk-go-v2/internal/v4a v1.5.10 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding v1.13.24 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/presigned-url v1.14.10 // indirect
	github.com/aws/aws-sdk-go-v2/service/signin v1.12.3 // indirect
	github.com/aws/aws-sdk-go-v2/service/sso v1.39.3 // indirect
	github.com/aws/aws-sdk-go-v2/service/ssooidc v1.44.3 // indirect
	github.com/aws/aws-sdk-go-v2/service/sts v1.51.8 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/kr/text v0.2.0 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mfridman/interpolate v0.0.2 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/osteele/tuesday v1.1.1 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/riverqueue/river/riverdriver v0.51.1 // indirect
	github.com/riverqueue/river/rivershared v0.51.1 // indirect
	github.com/sethvargo/go-retry v0.5.0 // indirect
	github.com/spf13/pflag v1.0.10 // indirect
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.2.0 // indirect
	github.com/tidwall/pretty v1.2.1 // indirect
	github.com/tidwall/sjson v1.2.5 // indirect
	github.com/tmaxmax/go-sse v0.10.0 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
	modernc.org/libc v1.79.0 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)
