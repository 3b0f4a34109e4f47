package finding

// fileCodes are about notation that every file shares: YAML, durations, shares, names.
var fileCodes = []Info{
	{
		Code: "yaml-syntax", Severity: Error, Title: "The file is not valid YAML",
		Explain: "Nothing in the file can be read until this is mended. The usual causes are indentation with tabs, a missing space after a colon, and a value that needs quotes.",
		Wrong:   "brand: {accent: #2457d6}", Right: `brand: {accent: "#2457d6"}`,
	},
	{
		Code: "yaml-feature", Severity: Error, Title: "A YAML feature that workspaces do not use",
		Explain: "Anchors, aliases, tags and very deep nesting make a file hard to review, so a workspace does without them.",
		Wrong:   "topics: *shared", Right: "topics: {tips: Product tips}",
	},
	{
		Code: "duplicate-key", Severity: Error, Title: "A key is written twice",
		Explain: "Only one of the two values could count, and which one is anybody's guess.",
		Wrong:   "goal: signed_up within 7d\ngoal: project_created within 7d", Right: "goal: project_created within 7d",
	},
	{
		Code: "unknown-key", Severity: Error, Title: "A key that this place does not know",
		Explain: "A misspelt key would otherwise be ignored in silence, and the setting would not be in force.",
		Wrong:   "max_agee: 30d", Right: "max_age: 30d",
	},
	{
		Code: "missing-key", Severity: Error, Title: "A required key is missing",
		Explain: "The thing cannot work, or would be noise to those who get it, without this value.",
		Wrong:   "default: {name: Acme}", Right: "default: {name: Acme, email: hello@mail.acme.example}",
	},
	{
		Code: "wrong-shape", Severity: Error, Title: "A list where a value belongs, or the other way round",
		Explain: "The value was read, but it is a list, a mapping or a single value where another of these belongs.",
		Wrong:   "topic: [tips, offers]", Right: "topic: tips",
	},
	{
		Code: "bad-value", Severity: Error, Title: "A value that is not one of those allowed",
		Explain: "The key takes one of a few words; the hint lists them.",
		Wrong:   "state: on", Right: "state: live",
	},
	{
		Code: "bad-number", Severity: Error, Title: "A number was expected",
		Explain: "The value is not a number, or not a whole one where a whole one is needed.",
		Wrong:   "concurrency: many", Right: "concurrency: 16",
	},
	{
		Code: "bad-duration", Severity: Error, Title: "A text that is not a duration",
		Explain: "Durations are one whole number and one unit: s, min, h, d (24 hours) or w. A bare m is refused because it could mean minutes or months.",
		Wrong:   "max_age: 5m", Right: "max_age: 5min",
	},
	{
		Code: "bad-share", Severity: Error, Title: "A text that is not a share",
		Explain: "Shares need their percent sign, so that 5 can never be read as 500 %.",
		Wrong:   "holdout: 5", Right: "holdout: 5%",
	},
	{
		Code: "bad-name", Severity: Error, Title: "A name with characters that names cannot have",
		Explain: "Names of blocks, variants, templates, campaigns, segments and topics stand in file names, links and reports: small letters, digits and -. Names of attributes, events and fields are small letters, digits and _.",
		Wrong:   "{% variant Trial Ending when true %}", Right: "{% variant trial-ending when true %}",
	},
	{
		Code: "text-over-lines", Severity: Error, Title: "Copy or a rule that goes over several lines",
		Explain: "Subjects, preheaders, rules and goals are read as they stand to the end of their line. A second line would be lost.",
		Wrong:   "audience: plan == \"trial\"\n  and trial_days_left <= 3", Right: `audience: plan == "trial" and trial_days_left <= 3`,
	},
	{
		Code: "curly-quote", Severity: Error, Title: "A curly quote where a straight one belongs",
		Explain: "Word processors turn straight quotes into curly ones. In rules, Liquid and YAML only straight quotes mark a text.",
		Wrong:   "{% if plan == “trial” %}", Right: `{% if plan == "trial" %}`,
	},
	{
		Code: "not-text", Severity: Error, Title: "The file is not UTF-8 text",
		Explain: "Templates, blocks, layouts and YAML files are UTF-8. A file in another encoding, or a binary one, would reach people as garbage.",
		Wrong:   "a file saved as UTF-16 or Latin-1", Right: "the same file saved as UTF-8",
	},
}
