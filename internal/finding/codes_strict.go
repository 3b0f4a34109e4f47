package finding

// strictCodes are what strict mode refuses because it could not be proved for everybody.
var strictCodes = []Info{
	{
		Code: "value-may-be-missing", Severity: Error, Title: "A value that some people do not have is printed",
		Explain: "An attribute without a default may be missing: never known, blank, too old, or no longer allowed. Somebody would get \"Hi ,\". Give a fallback, or leave the sentence out with an if. A fallback that is empty, and filters that may leave nothing over, count as missing too.",
		Wrong:   "Hi {{ first_name }},", Right: `Hi {{ first_name | default: "there" }},`,
	},
	{
		Code: "divisor-may-be-zero", Severity: Error, Title: "A division by something that may be zero",
		Explain: "The catalogue does not rule zero out, and nothing around the division does. The render would fail for those who have it.",
		Wrong:   "{{ 100 | divided_by: projects_30d }}", Right: "{% if projects_30d > 0 %}{{ 100 | divided_by: projects_30d }}{% endif %}",
	},
	{
		Code: "assign-over-attribute", Severity: Error, Title: "A variable takes the name of something else",
		Explain: "After such an assignment a name would mean two things, depending on where it stands.",
		Wrong:   `{% assign plan = "pro" %}`, Right: `{% assign shown_plan = "pro" %}`,
	},
	{
		Code: "value-misplaced", Severity: Error, Title: "A value where no value can be made safe",
		Explain: "In styles, scripts, comments, tag names and attributes without quotes a value could change what the mail is, and in the address of an image it would tell whoever serves the image about the person. Choose between whole pieces with an if instead.",
		Wrong:   "<p title={{ first_name }}>", Right: `<p title="{{ first_name | default: "you" }}">`,
	},
	{
		Code: "link-starts-with-value", Severity: Error, Title: "A value that is no URL decides where a link leads",
		Explain: "Whoever can set the attribute could send people anywhere. Only attributes of type url, which lead to link_hosts, may begin a link.",
		Wrong:   "[Go]({{ nickname }})", Right: "[Go](https://acme.example/people/{{ nickname }})",
	},
	{
		Code: "link-host-from-value", Severity: Error, Title: "A value becomes part of a link's host",
		Explain: "Whoever can set the attribute could send people to another host. Values may stand behind the host's slash.",
		Wrong:   "[Go](https://{{ region }}.acme.example/)", Right: "[Go](https://acme.example/{{ region }}/)",
	},
	{
		Code: "markup-in-capture", Severity: Error, Title: "Markup inside a capture",
		Explain: "A captured value is text, and is escaped where it is printed: markup in it would show as characters.",
		Wrong:   "{% capture hi %}<b>Hi</b>{% endcapture %}", Right: "{% capture hi %}Hi{% endcapture %}",
	},
	{
		Code: "block-misplaced", Severity: Error, Title: "A block where blocks cannot stand",
		Explain: "Every choice is an exposure that is measured, so a block stands at the top level of a template: not in a condition, a loop, a tag, a layout, a subject or another block. A layout's {{ content }} stands at its top level for the same reason.",
		Wrong:   "{% if plan %}{% block hero %}{% endif %}", Right: "{% block hero %}",
	},
	{
		Code: "block-repeated", Severity: Error, Title: "A block used twice in a message",
		Explain: "One person sees one variant of a block once; a second place would count the same exposure twice.",
		Wrong:   "{% block hero %}\n\n{% block hero %}", Right: "{% block hero %}",
	},
	{
		Code: "layout-without-content", Severity: Error, Title: "A layout that does not print its message exactly once",
		Explain: "The message goes where the layout says {{ content }}.",
		Wrong:   "<body></body>", Right: "<body>{{ content }}</body>",
	},
	{
		Code: "tag-not-used", Severity: Error, Title: "A tag of Liquid that mail does not use",
		Explain: "A workspace has no partials: content that several messages share is a block, what surrounds messages is a layout. Tables are written out, with a for around their rows.",
		Wrong:   `{% render "footer" %}`, Right: "{% block footer %}",
	},
	{
		Code: "computed-name", Severity: Error, Title: "A name that is computed",
		Explain: "Which attribute such an expression reads could not be known before sending.",
		Wrong:   "{{ [which] }}", Right: `{{ first_name | default: "there" }}`,
	},
	{
		Code: "too-large", Severity: Error, Title: "Something that could become too large for somebody",
		Explain: "Loops and texts are bounded by max_items and max_length in the catalogue; here the product is more than any message may have. Mail programs cut messages at about 100 KB.",
		Wrong:   "{% for i in (1..projects_30d) %}*{% endfor %}", Right: "{% for i in (1..projects_30d) limit: 10 %}*{% endfor %}",
	},
	{
		Code: "break-outside-loop", Severity: Error, Title: "break or continue outside a loop",
		Explain: "Outside a loop they would end the message in the middle.",
		Wrong:   "{% break %}", Right: `{% skip "nothing to say" %}`,
	},
	{
		Code: "bad-skip", Severity: Error, Title: "A skip without its reason",
		Explain: "Nobody is left out silently: the reason stands in the delivery's row, and reports count it.",
		Wrong:   "{% skip %}", Right: `{% skip "no project yet" %}`,
	},
	{
		Code: "empty-output", Severity: Error, Title: "Braces with nothing inside",
		Explain: "Nothing would be printed; most likely a name was forgotten.",
		Wrong:   "Hi {{ }}", Right: `Hi {{ first_name | default: "there" }}`,
	},
	{
		Code: "may-be-empty", Severity: Error, Title: "A subject or message with nothing to read for some people",
		Explain: "All of it stands inside conditions, loops or blocks that may show nothing. Somebody for whom none of them does would get an empty line or an empty message.",
		Wrong:   "subject: {% if plan == \"pro\" %}Your invoice{% endif %}", Right: `subject: {% if plan == "pro" %}Your invoice{% else %}News{% endif %}`,
	},
	{
		Code: "filter-not-needed", Severity: Error, Title: "A filter that mail does not need",
		Explain: "Values are escaped and encoded for the place where they stand. Doing it a second time would show as &amp;amp; or %2520.",
		Wrong:   `{{ first_name | default: "you" | escape }}`, Right: `{{ first_name | default: "you" }}`,
	},
	{
		Code: "link-with-tags", Severity: Error, Title: "A tag inside a link's target",
		Explain: "A version's link table says where each link leads; a target that depends on conditions could not stand in it.",
		Wrong:   "[Go](https://acme.example/{% if plan %}plans{% endif %})", Right: "{% if plan %}[Go](https://acme.example/plans){% else %}[Go](https://acme.example/){% endif %}",
	},
	{
		Code: "too-many-variants", Severity: Error, Title: "A block with more variants than can be told apart",
		Explain: "A choice is stored as a small number, and a block with that many variants cannot be measured.",
		Wrong:   "256 variants in one block", Right: "several blocks, or content from data.",
	},
}
