package finding

// lintCodes are about what mail programs, screen readers or people stumble over, whoever gets it.
var lintCodes = []Info{
	// Links.
	{
		Code: "bad-link", Severity: Warning, Title: "A link that no mail program can follow",
		Explain: "In a mail there is no page that a link could be relative to, and no network of yours: a link needs its scheme and a host that readers can reach, and may not hold spaces.",
		Wrong:   "[Open my projects](app.acme.example/projects)", Right: "[Open my projects](https://app.acme.example/projects)",
	},
	{
		Code: "placeholder-link", Severity: Warning, Title: "A link that was not finished",
		Explain: "It is empty, #, holds a word such as TODO, or leads to example.com, .org or .net, which are kept for documentation. Whoever presses it learns that nobody looked.",
		Wrong:   "[See the offer](https://example.com/TODO)", Right: "[See the offer](https://acme.example/offer)",
	},
	{
		Code: "link-not-https", Severity: Warning, Title: "A link that is not encrypted",
		Explain: "What http:// fetches can be read and changed on its way, browsers warn of it, and spam filters count it against a mail.",
		Wrong:   "[Read on](http://acme.example/blog)", Right: "[Read on](https://acme.example/blog)",
	},
	{
		Code: "no-unsubscribe-link", Severity: Warning, Title: "A message without a way to leave",
		Explain: "The law of many countries and the rules of Gmail and Yahoo ask for a visible link. The header that Germane writes is shown by some mail programs only. Each combination of variants needs one.",
		Wrong:   "a layout without {{ links.unsubscribe }}", Right: "[Unsubscribe]({{ links.unsubscribe }})",
	},
	{
		Code: "ambiguous-link-text", Severity: Warning, Title: "Two links of one text lead to different places",
		Explain: "Screen readers list links without what stands around them, and reports count by place: nobody can tell the two apart.",
		Wrong:   "[Open](https://acme.example/a) … [Open](https://acme.example/b)", Right: "[Open the plan](https://acme.example/a) … [Open the calendar](https://acme.example/b)",
	},
	{
		Code: "vague-link-text", Severity: Warning, Title: "A link text that says nothing",
		Explain: "Screen readers list links without what stands around them: a list of “here” helps nobody. What the link leads to also makes more people press it.",
		Wrong:   "[Click here](https://acme.example/upgrade) to keep your projects", Right: "[Keep my projects](https://acme.example/upgrade)",
	},
	{
		Code: "link-without-text", Severity: Warning, Title: "A link without a text",
		Explain: "There is nothing to press, or a picture without alt text, of which a screen reader reads the address aloud.",
		Wrong:   `<a href="https://acme.example"><img src="assets/logo.png" alt=""></a>`, Right: `<a href="https://acme.example"><img src="assets/logo.png" alt="Acme"></a>`,
	},

	// For everybody to read.
	{
		Code: "picture-without-alt", Severity: Warning, Title: "A picture without alt text",
		Explain: "Many mail programs show no pictures until asked, and some people never see them. Without alt, screen readers read the file's address.",
		Wrong:   `<img src="assets/chart.png">`, Right: `<img src="assets/chart.png" alt="12 projects in June, 3 in May">`,
	},
	{
		Code: "no-language", Severity: Warning, Title: "A page that does not say its language",
		Explain: "Screen readers choose the voice and mail programs the translation by it.",
		Wrong:   "<html>", Right: `<html lang="en">`,
	},
	{
		Code: "no-heading", Severity: Warning, Title: "A message without a first heading",
		Explain: "People who do not see the page jump from heading to heading; the first one says what the message is.",
		Wrong:   "Good morning", Right: "# Good morning",
	},
	{
		Code: "several-headings", Severity: Warning, Title: "A message with more than one first heading",
		Explain: "A heading of the first level is the message's title. Those of its parts are of the second.",
		Wrong:   "# Good morning … # Your projects", Right: "# Good morning … ## Your projects",
	},
	{
		Code: "low-contrast", Severity: Warning, Title: "Text that can hardly be told from what is behind it",
		Explain: "WCAG 2.2 asks for a contrast of 4.5, and 3 for large text; about one person in twelve sees less of colours than designers do. Colours of style attributes, bgcolor and plain rules are looked at, and those of @media (prefers-color-scheme: dark) for dark mode.",
		Wrong:   `<p style="color: #999999; background-color: #ffffff">`, Right: `<p style="color: #5b6472; background-color: #ffffff">`,
	},

	// Size.
	{
		Code: "message-large", Severity: Warning, Title: "A message that is nearly too large",
		Explain: "With the largest variant of each block it takes more than 80 KB for the persona with the longest values. Gmail cuts messages off at about 102 KB, with the way to leave at their end.",
		Wrong:   "a message of 90 KB", Right: "shorter lists: {% for pick in picks limit: 5 %}",
	},
	{
		Code: "message-too-large", Severity: Error, Title: "A message that Gmail would cut off",
		Explain: "With the largest variant of each block it takes more than 100 KB for the persona with the longest values. Gmail cuts messages off at about 102 KB: readers lose its end, with the way to leave.",
		Wrong:   "a message of 120 KB", Right: "fewer and smaller blocks, and pages for the rest",
	},
}
