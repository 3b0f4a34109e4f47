package finding

// workspaceCodes are about germane.yaml, campaigns, data files, the folders of a workspace, and allowances.
var workspaceCodes = []Info{
	// Allowances.
	{
		Code: "allow-unknown-code", Severity: Error, Title: "An allowance of a code that does not exist",
		Explain: "germane:allow silences the warnings of one code in its file. A misspelt code silences nothing, and nobody would notice.",
		Wrong:   "{% # germane:allow unused-blok the logo is tiny %}", Right: "{% # germane:allow unused-block kept for the June campaign %}",
	},
	{
		Code: "allow-error", Severity: Error, Title: "An allowance of an error",
		Explain: "An error means that somebody would get a broken message or none. Only warnings can be allowed.",
		Wrong:   "# germane:allow unknown-key we know", Right: "the key spelt as `germane check --explain unknown-key` says",
	},
	{
		Code: "allow-without-reason", Severity: Error, Title: "An allowance without a reason",
		Explain: "Whoever reads the file later must be able to tell whether the warning may still stand.",
		Wrong:   "# germane:allow unused-attribute", Right: "# germane:allow unused-attribute kept for the June import",
	},
	{
		Code: "allow-unused", Severity: Warning, Title: "An allowance that nothing needs any more",
		Explain: "The warning it was written for is gone. Left in the file, it would hide the next one.",
		Wrong:   "# germane:allow unused-attribute kept for the June import   (but the attribute is used now)", Right: "the comment deleted",
	},

	// Files and folders.
	{
		Code: "no-workspace", Severity: Error, Title: "This folder is not a workspace",
		Explain: "A workspace is a folder with a germane.yaml. Either the command runs in the wrong folder, or there is no workspace yet.",
		Wrong:   "germane check   (in a folder without germane.yaml)", Right: "germane init my-mail && germane -C my-mail check",
	},
	{
		Code: "unknown-file", Severity: Warning, Title: "A file that a workspace has no use for",
		Explain: "It stands in a folder of the workspace, but its place or its ending is not one that is read, so whatever it says has no effect.",
		Wrong:   "campaigns/weekly.md", Right: "campaigns/weekly.yaml",
	},
	{
		Code: "cannot-read", Severity: Error, Title: "A file that cannot be read",
		Explain: "The file is there but could not be opened: its permissions, or a link that leads out of the workspace.",
		Wrong:   "templates/weekly.md -> /home/ann/weekly.md", Right: "the file itself in templates/",
	},
	{
		Code: "file-too-large", Severity: Error, Title: "A file that is too large",
		Explain: "A message of this size would be cut off by mail programs, and a version of the workspace is kept whole in the database.",
		Wrong:   "assets/logo.png with 14 MB", Right: "assets/logo.png with 40 kB",
	},
	{
		Code: "duplicate-name", Severity: Error, Title: "Two files with one name",
		Explain: "Both files would be the same block, template or data. Only one of them could count.",
		Wrong:   "blocks/hero.md and blocks/hero.html", Right: "blocks/hero.md",
	},
	{
		Code: "empty-file", Severity: Error, Title: "A file without anything in it",
		Explain: "A message, layout or data file that says nothing is most often one that was not saved.",
		Wrong:   "data/articles.yaml of 0 bytes", Right: "data/articles.yaml with a list of articles",
	},
	{
		Code: "reserved", Severity: Error, Title: "Something this version does not do yet",
		Explain: "The name is kept for a later version. It is refused rather than ignored, so that nobody relies on something that does not happen.",
		Wrong:   "trigger: signed_up", Right: "cadence: {every: day 09:00}",
	},

	// Names that must exist.
	{
		Code: "unknown-template", Severity: Error, Title: "A template that does not exist",
		Explain: "The campaign names a template, but templates/ has no file of that name.",
		Wrong:   "template: weekley", Right: "template: weekly",
	},
	{
		Code: "unknown-layout", Severity: Error, Title: "A layout that does not exist",
		Explain: "The template names a layout, but layouts/ has no file of that name.",
		Wrong:   "layout: bse", Right: "layout: base",
	},
	{
		Code: "unknown-block", Severity: Error, Title: "A block that does not exist",
		Explain: "The template has a place for a block, but blocks/ has no file of that name, so nothing would appear there.",
		Wrong:   "{% block heroo %}", Right: "{% block hero %}",
	},
	{
		Code: "unknown-topic", Severity: Error, Title: "A topic that does not exist",
		Explain: "Consent is given per topic. Nobody can have subscribed to one that germane.yaml does not list.",
		Wrong:   "topic: tip", Right: "topic: tips",
	},
	{
		Code: "unknown-sender", Severity: Error, Title: "A sender that does not exist",
		Explain: "Mail needs one of the senders that germane.yaml lists.",
		Wrong:   "sender: suport", Right: "sender: support",
	},
	{
		Code: "unknown-asset", Severity: Error, Title: "An asset that does not exist",
		Explain: "The file is not in assets/, so people would see a broken image.",
		Wrong:   "brand: {logo: assets/lgo.png}", Right: "brand: {logo: assets/logo.png}",
	},
	{
		Code: "unused-block", Severity: Warning, Title: "A block that no template shows",
		Explain: "Its variants and rules are kept up for nothing. Put it into a template or delete it.",
		Wrong:   "blocks/spring.md, and no template with {% block spring %}", Right: "{% block spring %} in a template",
	},

	// germane.yaml.
	{
		Code: "secret-in-file", Severity: Error, Title: "A secret in a file of the workspace",
		Explain: "Workspaces are shared, reviewed and stored as versions; a password in one is no longer secret. Treat it as known and change it. Secrets come from the environment, or from a file that the environment names.",
		Wrong:   "delivery: smtp+tls://ann:hunter2@mail.example:465", Right: "delivery: smtp+tls://ann@mail.example:465   (and GERMANE_SMTP_PASSWORD_FILE=/run/secrets/smtp)",
	},
	{
		Code: "unknown-override", Severity: Warning, Title: "An environment variable that overrides nothing",
		Explain: "It is spelt almost like one that overrides a key of germane.yaml; as it stands it has no effect.",
		Wrong:   "GERMANE_DELIVRY=outbox://outbox", Right: "GERMANE_DELIVERY=outbox://outbox",
	},
	{
		Code: "bad-address", Severity: Error, Title: "A text that is not a mail address",
		Explain: "Mail from or to it would be refused.",
		Wrong:   "email: hello@", Right: "email: hello@mail.acme.example",
	},
	{
		Code: "bad-url", Severity: Error, Title: "A text that is not a web address",
		Explain: "Links made of it would lead nowhere.",
		Wrong:   "public_url: links.acme.example", Right: "public_url: https://links.acme.example",
	},
	{
		Code: "bad-host", Severity: Error, Title: "A text that is not a host name or network address",
		Explain: "The value is a host such as acme.example, an address and port such as 127.0.0.1:8080, or a network such as 10.0.0.0/8; the hint says which.",
		Wrong:   "link_hosts: [https://acme.example/]", Right: "link_hosts: [acme.example]",
	},
	{
		Code: "public-url-not-https", Severity: Warning, Title: "Public addresses without https",
		Explain: "Links in mail that start with http: look unsafe to mail programs, and what people click can be read on the way.",
		Wrong:   "public_url: http://links.acme.example", Right: "public_url: https://links.acme.example",
	},
	{
		Code: "bad-delivery", Severity: Error, Title: "A way of delivery that does not exist",
		Explain: "Mail is delivered to an outbox folder, by Amazon SES, or by an SMTP server.",
		Wrong:   "delivery: sendgrid://key", Right: "delivery: smtp+starttls://ann@mail.example:587",
	},
	{
		Code: "bad-database", Severity: Error, Title: "A database that is neither a file nor Postgres",
		Explain: "The database is the name of an SQLite file, or the address of a Postgres database.",
		Wrong:   "database: mysql://db/germane", Right: "database: postgres://germane@db.example/germane",
	},
	{
		Code: "bad-colour", Severity: Error, Title: "A text that is not a colour",
		Explain: "Mail programs agree only on colours with three or six hexadecimal digits. In YAML they need quotes, because # starts a comment.",
		Wrong:   "accent: blueish", Right: `accent: "#2457d6"`,
	},
	{
		Code: "bad-rate", Severity: Error, Title: "A text that is not a rate",
		Explain: "A rate is a number of messages in a time: a bare 14 could be per second or per minute.",
		Wrong:   "rate: 14", Right: "rate: 14/s",
	},
	{
		Code: "out-of-range", Severity: Error, Title: "A value that is too small or too large",
		Explain: "The number can be read, but cannot work; the hint says which values can.",
		Wrong:   "holdout: 100%", Right: "holdout: 10%",
	},

	// Times and campaigns.
	{
		Code: "bad-time", Severity: Error, Title: "A text that is not a time of day",
		Explain: "Times are hours and minutes on the 24-hour clock, with two digits each.",
		Wrong:   "every: monday 9am", Right: "every: monday 09:00",
	},
	{
		Code: "bad-date", Severity: Error, Title: "A text that is not a date",
		Explain: "Dates are year, month and day, so that 03/04 cannot be read two ways; the day must be one of the calendar.",
		Wrong:   "at: 2027-02-30 09:00", Right: "at: 2027-03-01 09:00",
	},
	{
		Code: "unknown-time-zone", Severity: Error, Title: "A time zone that does not exist",
		Explain: "Time zones have the names of the IANA list, which know about summer time. Abbreviations such as CET or offsets such as +01:00 do not name a place.",
		Wrong:   "time_zone: London", Right: "time_zone: Europe/London",
	},
	{
		Code: "bad-cadence", Severity: Error, Title: "A cadence that cannot come due as written",
		Explain: "`every` takes days and a time: monday 09:00, monday and thursday 09:00, weekday 09:00, day 09:00, 1st 09:00. `cron` takes the five fields of a crontab line. `at` is one date and time. A cadence has one of the three.",
		Wrong:   "every: second tuesday 09:00", Right: "every: tuesday 09:00",
	},
	{
		Code: "bad-rollout", Severity: Error, Title: "Rollout steps that do not lead to everybody",
		Explain: "Steps are rising shares of the audience that end at 100%. A recurring campaign takes one step per occurrence; one that comes due once waits a duration between steps.",
		Wrong:   "rollout: {steps: [25%, 5%, 50%]}", Right: "rollout: {steps: [5%, 25%, 100%]}",
	},
	{
		Code: "limit-not-measured", Severity: Warning, Title: "A rollout's limit on something that is not measured",
		Explain: "Only the mail provider knows of bounces and complaints, and its notices come in by the topics of sns in germane.yaml. Without them the limit can stop nothing, so the rollout waits at its first step.",
		Wrong:   "stop_if: {complaints: 0.1%}   # and no topics of sns in germane.yaml", Right: "sns: {topics: [\"arn:aws:sns:eu-west-1:123456789012:mail\"]}   # in germane.yaml",
	},
	{
		Code: "always-quiet", Severity: Error, Title: "A campaign that only comes due in quiet hours",
		Explain: "On each person's own clock every due time of the cadence is in the quiet hours of germane.yaml, which drop the mail, or hold it for longer than max_late allows. Nobody would get it.",
		Wrong:   "cadence: {every: day 22:00, time_zone: recipient, max_late: 6h}   # and quiet_hours: {from: \"21:00\", to: \"08:00\"}", Right: "cadence: {every: day 09:00, time_zone: recipient, max_late: 6h}",
	},
	{
		Code: "cap-on-edge", Severity: Warning, Title: "A cap that a campaign's own messages meet when clocks change",
		Explain: "A rolling window that is not in whole days counts hours exactly. On the day when clocks are put forward 12 hours on the clock are 11, so the message of 09:00 still meets the one of 21:00 in a window of 12h, and is stopped. Whole days are measured on the person's clock and know no such day.",
		Wrong:   "cron: 0 9,21 * * *   # and caps: [{max: 1, per: 12h}]", Right: "caps: [{max: 2, per: 1d}]   # in germane.yaml",
	},
	{
		Code: "bad-range", Severity: Error, Title: "A text that is not a range",
		Explain: "A range is the least and the most, with two dots between; one of them may be left out.",
		Wrong:   "expect: {audience: 1000-50000}", Right: "expect: {audience: 1000..50000}",
	},

	// Data.
	{
		Code: "json-syntax", Severity: Error, Title: "The file is not valid JSON",
		Explain: "Nothing in the file can be read until this is mended. The usual causes are a missing or an extra comma, and single quotes.",
		Wrong:   "{'title': 'News',}", Right: `{"title": "News"}`,
	},
	{
		Code: "csv-syntax", Severity: Error, Title: "The file is not valid CSV",
		Explain: "The first line names the columns; every other line has as many values, with quotes around a value that contains a comma.",
		Wrong:   "title,url\nNews, and more,https://acme.example", Right: "title,url\n\"News, and more\",https://acme.example",
	},
	{
		Code: "mixed-types", Severity: Error, Title: "Values of different types where one type belongs",
		Explain: "A template treats all items of a list alike, so all of them must be texts, or numbers, or records whose fields agree.",
		Wrong:   "[{price: 5}, {price: on request}]", Right: "[{price: 5}, {price: 7.5}]",
	},
	{
		Code: "link-hosts-missing", Severity: Error, Title: "Attributes of type url without link_hosts",
		Explain: "A link whose target comes from a person's data leads only to the hosts of link_hosts and their subdomains. Without the list every such value would count as missing.",
		Wrong:   "picks: {type: list, of: {name: string, url: url}}   # and no link_hosts in germane.yaml", Right: "link_hosts: [acme.example]",
	},
	{
		Code: "bad-sender", Severity: Error, Title: "A sender that cannot stand in a message's header",
		Explain: "The name or address of a sender, or its reply_to, holds something that no header of a message can carry.",
		Wrong:   "default: {name: Acme, email: hello@[acme]}", Right: "default: {name: Acme, email: hello@mail.acme.example}",
	},
}
