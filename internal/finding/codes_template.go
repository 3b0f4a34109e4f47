package finding

// templateCodes are about Markdown and front matter, and about where Liquid stands in them.
var templateCodes = []Info{
	{
		Code: "html-in-markdown", Severity: Error, Title: "HTML stands in a Markdown file",
		Explain: "Markdown files hold copy; how it looks comes from the brand and the layout, so that every mail program shows it well. HTML in between would " +
			"escape that, and one tag left open breaks the whole message. A file whose name ends in .html may hold any HTML.",
		Wrong: "Only <b>today</b>", Right: "Only **today**",
	},
	{
		Code: "markup-across-tags", Severity: Error, Title: "Markup begins in one branch and ends outside it",
		Explain: "Whatever a person's values are, each bold text, link, list and paragraph that begins must end. When a condition covers only one of the two, " +
			"some people would get a message that is bold, or a link, to its very end.",
		Wrong: "{% if vip %}**Thank you{% endif %}**", Right: "{% if vip %}**Thank you**{% endif %}",
	},
	{
		Code: "block-in-text", Severity: Error, Title: "A block stands inside running text",
		Explain: "A block brings its own paragraphs, headings and buttons, which cannot stand inside a paragraph, a heading, a link or a table.",
		Wrong:   "Good morning. {% block hero %}", Right: "Good morning.\n\n{% block hero %}",
	},
	{
		Code: "list-starts-again", Severity: Error, Title: "A loop starts its numbered list again in each round",
		Explain: "The items of a loop become one list, unless its else brings something that is no list item. Each item would then be a list of its own, " +
			"and all of them would be number 1.",
		Wrong: "{% for tip in tips %}\n1. {{ tip }}\n{% else %}\nNothing today.\n{% endfor %}",
		Right: "{% if tips.size > 0 %}\n{% for tip in tips %}\n1. {{ tip }}\n{% endfor %}\n{% else %}\nNothing today.\n{% endif %}",
	},
	{
		Code: "indented-code", Severity: Warning, Title: "Indented text behind a tag is shown as code",
		Explain: "In Markdown four spaces at the start of a line mean program code, also between tags. People would get it in typewriter letters and unwrapped.",
		Wrong:   "{% if vip %}\n    Thank you for staying with us.\n{% endif %}", Right: "{% if vip %}\nThank you for staying with us.\n{% endif %}",
	},
	{
		Code: "liquid-misplaced", Severity: Error, Title: "Liquid stands where Markdown cannot keep it",
		Explain: "Some places of Markdown are dropped (a table cell without a column), moved (a link's target comes before its text) or written several times " +
			"(a link's definition). Liquid there would vanish, or run at another time than it seems to.",
		Wrong: "[Open][app]\n\n[app]: {{ brand.app_url }}", Right: "[Open]({{ brand.app_url }})",
	},
	{
		Code: "dangerous-link", Severity: Error, Title: "A link or an image leads to a program or a file",
		Explain: "Targets that start with javascript:, vbscript:, data: or file: do nothing in mail programs, and make spam filters suspicious of the sender.",
		Wrong:   "[Open](javascript:open())", Right: "[Open](https://app.acme.example/open)",
	},
	{
		Code: "image-without-alt", Severity: Error, Title: "An image has no text",
		Explain: "Many people read mail with images switched off, and some have it read to them. Without a text they get nothing, or a file name. " +
			"An image that only decorates says so with an empty alt.",
		Wrong: "![](assets/chart.png)", Right: "![Your projects this week, by day](assets/chart.png)\n\n![](assets/line.png){alt=\"\"}",
	},
	{
		Code: "stray-marks", Severity: Error, Title: "{.button} or {width=300} follows nothing",
		Explain: "Marks in braces belong to the link or image directly before them. Behind a space, on a new line or after other text they are plain text, " +
			"and people would read the braces.",
		Wrong: "[Start now](https://app.acme.example) {.button}", Right: "[Start now](https://app.acme.example){.button}",
	},
	{
		Code: "unknown-mark", Severity: Error, Title: "There is no such mark",
		Explain: "A link can be a {.button}; an image can have a {width=300}, a {height=200} (in pixels) or an empty alt. All other looks come from the brand.",
		Wrong:   "![Chart of the week](assets/chart.png){width=50%}", Right: "![Chart of the week](assets/chart.png){width=300}",
	},
	{
		Code: "unknown-container", Severity: Error, Title: "There is no such container",
		Explain: "Behind ::: stands what the lines up to the next ::: become: columns or a box.",
		Wrong:   "::: colums\nLeft\n+++\nRight\n:::", Right: "::: columns\nLeft\n+++\nRight\n:::",
	},
	{
		Code: "columns-not-divided", Severity: Error, Title: "Columns are not two to four",
		Explain: "A line of +++ begins the next column; without any, each ::: inside is a column. One column is no columns, and more than four " +
			"are too narrow to read.",
		Wrong: "::: columns\nLeft\n\nRight\n:::", Right: "::: columns\nLeft\n+++\nRight\n:::",
	},
	{
		Code: "stray-column-break", Severity: Error, Title: "+++ stands in no columns",
		Explain: "A line of +++ begins the next column of the ::: columns around it. Elsewhere, also in a box inside a column, it divides nothing.",
		Wrong:   "Left\n+++\nRight", Right: "::: columns\nLeft\n+++\nRight\n:::",
	},
	{
		Code: "container-not-closed", Severity: Error, Title: "A container is never closed",
		Explain: "All that follows would become part of it, down to the end of the file. It also happens when the ::: that ends it is indented differently, " +
			"or when a list around it ends first.",
		Wrong: "::: box\nOne thing more", Right: "::: box\nOne thing more\n:::",
	},
	{
		Code: "container-not-open", Severity: Error, Title: "::: ends nothing",
		Explain: "A ::: alone ends the container opened last. Here none is open: it was closed already, or its opening line was deleted.",
		Wrong:   "One thing more\n\n:::", Right: "::: box\nOne thing more\n:::",
	},
	{
		Code: "markdown-too-long", Severity: Error, Title: "A Markdown file is too long",
		Explain: "Gmail cuts messages at 102 KB and hides the rest, the unsubscribe link included. A source of more than 256 KB is never a message.",
		Wrong:   "(a whole book in blocks/hero.md)", Right: "(the first paragraph, and a link to the rest)",
	},
	{
		Code: "markdown-too-complex", Severity: Error, Title: "Markdown is nested too deeply",
		Explain: "More than 50 quotes or lists inside each other, 50 columns in a table, or 5,000 stars, underscores and brackets in one paragraph take long to " +
			"read and cannot be shown. Usually something else was pasted, such as a log.",
		Wrong: "> > > > > (and so on, 60 times) Hello", Right: "> Hello",
	},
	{
		Code: "front-matter-not-closed", Severity: Error, Title: "The settings at the top have no end",
		Explain: "A file that starts with --- holds settings up to the next line ---. Without it, nobody knows where the copy begins, and people would read the settings.",
		Wrong:   "---\nsubject: Your week\n\n# Good morning", Right: "---\nsubject: Your week\n---\n\n# Good morning",
	},
}
