package finding

// ruleCodes are about what is known of people and what is asked of it: the catalogue, events, segments, personas and rules.
var ruleCodes = []Info{
	{
		Code: "unknown-attribute", Severity: Error, Title: "A name that is not an attribute",
		Explain: "Every fact about people is declared in attributes.yaml, so that a misspelt name cannot silently choose nobody. Attributes are bare names; other tools' prefixes (customer., contact., user.) are left out.",
		Wrong:   `customer.plan == "trial"`, Right: `plan == "trial"`,
	},
	{
		Code: "type-mismatch", Severity: Error, Title: "Values that cannot be compared or used like this",
		Explain: "A number is never equal to a text, a list is not a single value, and words from a fixed set have no order. Such a condition would be false for everybody.",
		Wrong:   `trial_days_left <= "3"`, Right: `trial_days_left <= 3`,
	},
	{
		Code: "value-not-allowed", Severity: Error, Title: "A value that the catalogue does not allow",
		Explain: "The attribute's values, min or max in attributes.yaml exclude this value. A rule that asks for it never selects anybody; a default or a persona that has it would count as missing.",
		Wrong:   `plan == "premium"`, Right: `plan == "pro"`,
	},
	{
		Code: "use-not-allowed", Severity: Error, Title: "An attribute used for what its uses do not allow",
		Explain: "The uses of an attribute in attributes.yaml say whether it may choose content (select), be printed (render), be part of a link (link) or break down a report (report). It also counts when a segment is in between.",
		Wrong:   "salary_band: {type: string, uses: [report]}\naudience: salary_band == \"high\"", Right: "salary_band: {type: string, uses: [select, report]}\naudience: salary_band == \"high\"",
	},
	{
		Code: "mixed-and-or", Severity: Error, Title: "and next to or without parentheses",
		Explain: "Rules read and before or; many people and some mail tools read from one end to the other. With parentheses everybody reads the same.",
		Wrong:   `plan == "trial" and trial_days_left <= 3 or projects_30d >= 10`, Right: `(plan == "trial" and trial_days_left <= 3) or projects_30d >= 10`,
	},
	{
		Code: "not-before-comparison", Severity: Error, Title: "not before a comparison without parentheses",
		Explain: "not binds to the name next to it, so that `not plan == \"trial\"` would compare the opposite of plan with a text.",
		Wrong:   `not plan == "trial"`, Right: `not (plan == "trial")`,
	},
	{
		Code: "chained-comparison", Severity: Error, Title: "More than two values in one comparison",
		Explain: "A comparison compares two values. Two limits are two comparisons.",
		Wrong:   "1 < trial_days_left < 5", Right: "1 < trial_days_left and trial_days_left < 5",
	},
	{
		Code: "wrong-operator", Severity: Error, Title: "An operator or word from another language",
		Explain: "Rules know ==, !=, <, <=, >, >=, in, contains, startsWith, endsWith, matches, and, or, not, and nil for a missing value. Other spellings are refused rather than guessed.",
		Wrong:   `plan = "trial" AND score IS NOT NULL`, Right: `plan == "trial" and score != nil`,
	},
	{
		Code: "not-in-rules", Severity: Error, Title: "Something that rules cannot say",
		Explain: "Rules are conditions that can be proved, explained to a person and counted in a database. So they do not calculate, filter, loop or look into lists; what needs that is computed before the import and becomes an attribute.",
		Wrong:   "projects_30d + projects_60d > 10", Right: "projects_90d > 10",
	},
	{
		Code: "unknown-function", Severity: Error, Title: "A function that rules do not have",
		Explain: "The functions are has(x), days_since(t), days_until(t), segment(\"name\") and subscribed(\"topic\").",
		Wrong:   "days_ago(last_order_at) > 30", Right: "days_since(last_order_at) > 30",
	},
	{
		Code: "wrong-arguments", Severity: Error, Title: "A function called with the wrong things",
		Explain: "has(), days_since() and days_until() take one attribute; segment() and subscribed() take one name in quotes.",
		Wrong:   "subscribed(tips)", Right: `subscribed("tips")`,
	},
	{
		Code: "unknown-segment", Severity: Error, Title: "A segment that does not exist",
		Explain: "Segments are named rules, declared in segments.yaml.",
		Wrong:   `segment("heavvy")`, Right: `segment("heavy")`,
	},
	{
		Code: "segment-cycle", Severity: Error, Title: "A segment that is made of itself",
		Explain: "Segments may use one another, but not in a circle: nobody could say who is in it.",
		Wrong:   "heavy: segment(\"active\")\nactive: segment(\"heavy\")", Right: "heavy: projects_30d >= 10\nactive: segment(\"heavy\") or optin",
	},
	{
		Code: "bad-pattern", Severity: Error, Title: "A text after matches that is not a pattern",
		Explain: "Patterns are RE2 regular expressions of at most 200 bytes, without look-ahead and back references: no person's data can make one run for long.",
		Wrong:   `plan matches "pro("`, Right: `plan matches "^pro"`,
	},
	{
		Code: "rule-syntax", Severity: Error, Title: "A rule that cannot be read",
		Explain: "A bracket, a value or an operator is missing or stands where it cannot. What comes after it was not checked.",
		Wrong:   `plan in ("free", "trial")`, Right: `plan in ["free", "trial"]`,
	},
	{
		Code: "unterminated-text", Severity: Error, Title: "A text without its closing quote",
		Explain: "A text starts and ends with the same straight quote, on one line.",
		Wrong:   `plan == "trial`, Right: `plan == "trial"`,
	},
	{
		Code: "empty-rule", Severity: Error, Title: "A rule without anything in it",
		Explain: "It is not clear whether nobody or everybody is meant. `true` means everybody.",
		Wrong:   "audience:", Right: `audience: plan == "trial"`,
	},
	{
		Code: "rule-too-long", Severity: Error, Title: "A rule that is too long to run for every person",
		Explain: "A rule has at most 4,096 bytes, and with all its segments 2,000 conditions. Segments that use segments several times multiply.",
		Wrong:   `audience: person.id in ["1", "2", … thousands]`, Right: "audience: invited_to_beta",
	},
	{
		Code: "rule-too-deep", Severity: Error, Title: "Brackets or segments inside each other too deep",
		Explain: "Brackets may nest 100 deep and segments 32 deep; beyond that nobody can check a rule.",
		Wrong:   "((((…))))", Right: `segment("heavy") and segment("at-risk")`,
	},
	{
		Code: "unknown-event", Severity: Error, Title: "A goal whose event is not declared",
		Explain: "Goals are events that people do, declared in events.yaml. A misspelt one would never be counted, and every message would look useless.",
		Wrong:   "goal: projct_created within 7d", Right: "goal: project_created within 7d",
	},
	{
		Code: "bad-goal", Severity: Error, Title: "A text that is not a goal",
		Explain: "A goal is an event and how soon after the message it counts.",
		Wrong:   "goal: project_created", Right: "goal: project_created within 7d",
	},
	{
		Code: "reserved-name", Severity: Error, Title: "A name that already means something",
		Explain: "The name is a word of the rule language or of Liquid, or a prefix such as person. An attribute of that name could not be reached.",
		Wrong:   "data: {type: string}", Right: "crm_data: {type: string}",
	},
	{
		Code: "bad-type", Severity: Error, Title: "A type that does not exist",
		Explain: "Types are string, int, float, bool, time, date, url and list; a list is of one of the others, or of records.",
		Wrong:   "signed_up_at: {type: timestamp}", Right: "signed_up_at: {type: time}",
	},
	{
		Code: "wrong-constraint", Severity: Error, Title: "A limit that does not fit the type",
		Explain: "values and max_length limit strings (max_length also urls), min and max limit numbers, of and max_items belong to lists. A limit elsewhere would not be in force.",
		Wrong:   "plan: {type: string, max: 10}", Right: "plan: {type: string, max_length: 10}",
	},
	{
		Code: "bad-bounds", Severity: Error, Title: "A min that is larger than max",
		Explain: "No value could be allowed, and everybody's would count as missing.",
		Wrong:   "score: {type: int, min: 100, max: 0}", Right: "score: {type: int, min: 0, max: 100}",
	},
	{
		Code: "duplicate-value", Severity: Error, Title: "A value listed twice",
		Explain: "One of the two is probably meant to be another value.",
		Wrong:   "values: [free, trial, free]", Right: "values: [free, trial, pro]",
	},
	{
		Code: "special-attribute", Severity: Error, Title: "Special-category data that would be used",
		Explain: "Data about health, beliefs, origin and the like (GDPR article 9) may be stored with sensitivity: special, but neither choose content nor be printed.",
		Wrong:   "health_note: {type: string, sensitivity: special}", Right: "health_note: {type: string, sensitivity: special, uses: []}",
	},
	{
		Code: "bad-person", Severity: Error, Title: "A persona with an impossible id, address, zone or locale",
		Explain: "Personas are read like people: an id, a bare e-mail address, the name of a time zone, a locale.",
		Wrong:   "email: Ada <ada@acme.example>", Right: "email: ada@acme.example",
	},
}
