package finding

// liquidCodes are about Liquid itself: delimiters, tags, filters, expressions, and a block's variants.
var liquidCodes = []Info{
	{
		Code: "unclosed-delimiter", Severity: Error, Title: "{{ or {% is never closed",
		Explain: "Without its end, Liquid cannot tell the value from the text behind it, and people would read raw braces.",
		Wrong:   "Hello {{ first_name }", Right: "Hello {{ first_name }}",
	},
	{
		Code: "unclosed-tag", Severity: Error, Title: "A tag is never closed",
		Explain: "Tags with a content (if, for, case, capture, comment, raw …) need an end tag; without it, nobody knows where the content ends.",
		Wrong:   "{% if first_name %}Hello {{ first_name }}", Right: "{% if first_name %}Hello {{ first_name }}{% endif %}",
	},
	{
		Code: "unexpected-tag", Severity: Error, Title: "An else, when or end tag has nothing to belong to",
		Explain: "Usually the tag that it belongs to was deleted, is closed already, or another tag between the two is still open.",
		Wrong:   "{% if vip %}Thank you{% endfor %}", Right: "{% if vip %}Thank you{% endif %}",
	},
	{
		Code: "unknown-tag", Severity: Error, Title: "There is no such tag",
		Explain: "A misspelt tag, or one that only another mail tool has. Printing a value takes {{ }}, not {% %}.",
		Wrong:   `{% abort_message("no articles") %}`, Right: `{% skip "no articles" %}`,
	},
	{
		Code: "unknown-filter", Severity: Error, Title: "There is no such filter",
		Explain: "A filter that does not exist would be left out in silence by other tools, and people would see the unchanged value.",
		Wrong:   "{{ first_name | capitalise }}", Right: "{{ first_name | capitalize }}",
	},
	{
		Code: "filter-arguments", Severity: Error, Title: "A filter got too many or too few values",
		Explain: "The values behind the colon do not fit the filter, so the message could not be written for anybody.",
		Wrong:   "{{ first_name | append }}", Right: `{{ first_name | append: "!" }}`,
	},
	{
		Code: "liquid-syntax", Severity: Error, Title: "Liquid cannot read this",
		Explain: "Something is missing, or stands where it cannot. Nothing is sent from a template that Liquid cannot read as a whole.",
		Wrong:   `{% if plan = "pro" %}`, Right: `{% if plan == "pro" %}`,
	},
	{
		Code: "merge-tag", Severity: Error, Title: "A merge tag of another mail tool",
		Explain: "Mailchimp, Salesforce, Braze and others have their own way to name a value. Here it is no Liquid, so people would read it as it stands.",
		Wrong:   "Hello *|FNAME|*, hello {{${first_name}}}", Right: `Hello {{ first_name | default: "there" }}`,
	},
	{
		Code: "include-not-allowed", Severity: Error, Title: "An include in mail",
		Explain: "An included partial can change the names around it, so that nobody can prove what they hold. Content that several messages share is a block, what surrounds messages is a layout.",
		Wrong:   `{% include "article" %}`, Right: "{% block article %}",
	},
	{
		Code: "else-not-last", Severity: Error, Title: "Something stands behind an else",
		Explain: "An else catches everybody who is left, so what stands behind it is never shown.",
		Wrong:   `{% if a %}1{% else %}2{% elsif b %}3{% endif %}`, Right: `{% if a %}1{% elsif b %}3{% else %}2{% endif %}`,
	},
	{
		Code: "nesting-too-deep", Severity: Error, Title: "Too many things inside each other",
		Explain: "A hundred tags, brackets or partials inside each other are more than anybody can review, and usually an accident.",
		Wrong:   "{% if a %}{% if b %}{% if c %} …", Right: "{% if a and b and c %}",
	},
	{
		Code: "too-many-findings", Severity: Error, Title: "There are more mistakes than are reported",
		Explain: "A file with a hundred mistakes usually has one cause: a missing end tag at its start, or it is no template at all.",
		Wrong:   "a spreadsheet renamed to hero.md", Right: "mend the first mistakes and check again",
	},
	{
		Code: "variant-syntax", Severity: Error, Title: "A variant without a name or a rule",
		Explain: "Reports and reviews name a variant, and its rule says who sees it; both have to be there. otherwise has neither.",
		Wrong:   `{% variant when plan == "trial" %}`, Right: `{% variant trial-ending when plan == "trial" %}`,
	},
	{
		Code: "variant-duplicate", Severity: Error, Title: "Two variants with one name",
		Explain: "Clicks and goals are counted by a variant's name; with two of them, neither could be judged.",
		Wrong:   "{% variant a when x > 1 %} … {% variant a when x > 5 %}", Right: "{% variant a when x > 5 %} … {% variant b when x > 1 %}",
	},
	{
		Code: "variant-nested", Severity: Error, Title: "variant or otherwise inside another tag",
		Explain: "Variants divide a block's file from top to bottom. Inside an if or a loop it would be unclear who sees what.",
		Wrong:   "{% if vip %}{% variant thanks when orders > 3 %} …", Right: "{% variant thanks when vip and orders > 3 %} …",
	},
	{
		Code: "otherwise-missing", Severity: Error, Title: "A block without otherwise",
		Explain: "Sooner or later somebody matches no variant. otherwise says what they see; it may be empty, but somebody has to have decided that.",
		Wrong:   "{% variant pro when plan == \"pro\" %}\nThank you", Right: "{% variant pro when plan == \"pro\" %}\nThank you\n{% otherwise %}",
	},
	{
		Code: "otherwise-not-last", Severity: Error, Title: "Something stands behind otherwise",
		Explain: "Variants are tried from top to bottom and otherwise always matches, so nobody would see what comes after it.",
		Wrong:   "{% otherwise %} … {% variant pro when plan == \"pro\" %}", Right: "{% variant pro when plan == \"pro\" %} … {% otherwise %}",
	},
	{
		Code: "text-before-variant", Severity: Error, Title: "Text before the first variant",
		Explain: "A block shows one of its variants. What stands before all of them belongs to none, and nobody would see it.",
		Wrong:   "Hello!\n{% variant pro when plan == \"pro\" %}", Right: "{% variant pro when plan == \"pro\" %}\nHello!",
	},
}
