package finding

// proofCodes are about what is proved of rules: who can make them true, and what is left for those that are tried later.
var proofCodes = []Info{
	{
		Code: "variant-never-true", Severity: Error, Title: "A variant that nobody can get",
		Explain: "No person whom the catalogue allows can make the rule true: its conditions exclude each other, or ask for a value that nobody can have. The variant was written for somebody, who gets something else.",
		Wrong:   `{% variant welcome-back when plan == "free" and plan == "pro" %}`, Right: `{% variant welcome-back when plan in ["free", "pro"] %}`,
	},
	{
		Code: "variant-shadowed", Severity: Error, Title: "A variant whose people all get another one first",
		Explain: "Variants are tried in order, and the first whose rule is true wins. Whoever this rule is true for has been taken by the variants that the finding names, so that nobody gets this one.",
		Wrong:   "{% variant active when projects_30d >= 1 %} … {% variant power-user when projects_30d >= 10 %}", Right: "{% variant power-user when projects_30d >= 10 %} … {% variant active when projects_30d >= 1 %}",
	},
	{
		Code: "variant-always-true", Severity: Error, Title: "A variant that everybody gets",
		Explain: "The rule is true of every person whom the catalogue allows, so that nobody gets a variant after it or otherwise. A rule `true` as the last one of a block with a control share is meant like that and allowed: the control group gets otherwise.",
		Wrong:   "{% variant active when projects_30d >= 0 %}   (and projects_30d has min: 0 and default: 0)", Right: "{% variant active when projects_30d >= 1 %}",
	},
	{
		Code: "audience-never-true", Severity: Error, Title: "A campaign that nobody can get",
		Explain: "No person whom the catalogue allows can make the rule of the audience true and be subscribed to the campaign's topic, as everybody is who gets it. The campaign would come due and mail nobody.",
		Wrong:   "audience: trial_days_left < 0", Right: "audience: trial_days_left == 0",
	},
	{
		Code: "segment-never-true", Severity: Error, Title: "A segment that nobody can be in",
		Explain: "No person whom the catalogue allows can make the rule true. Where a rule excludes the segment, it excludes nobody.",
		Wrong:   `lapsed: plan == "pro" and plan == "free"`, Right: "lapsed: days_since(last_order_at) > 90",
	},
	{
		Code: "unused-attribute", Severity: Warning, Title: "An attribute that nothing uses",
		Explain: "It is imported and kept for nothing, which data protection law asks not to do. One that is only stored has uses: [], one that only breaks down reports has uses: [report]; neither is reported.",
		Wrong:   "shoe_size: {type: int}   (and no rule or message has shoe_size)", Right: "shoe_size: {type: int, uses: []}",
	},
	{
		Code: "unused-segment", Severity: Warning, Title: "A segment that no rule uses",
		Explain: "Its rule is kept up for nothing, unless somebody looks at it in `germane matrix`, which counts people by segment: then allow it.",
		Wrong:   "lapsed: days_since(last_order_at) > 90   (and no segment(\"lapsed\"))", Right: `audience: segment("lapsed")`,
	},
}
