package render

import (
	"maps"
	"slices"
)

// filter is one filter: what it does and how many arguments it takes.
type filter struct {
	apply    func(m *machine, in Value, arguments []Value) Value // must not keep arguments, they live on the machine's stack
	min, max int                                                 // arguments; all options (name: value) together are one
	light    bool                                                // does not go through lists and maps
}

// call charges the work and applies the filter.
func (f *filter) call(m *machine, in Value, arguments []Value) Value {
	if m.err != nil || !f.weigh(m, in) {
		return Value{}
	}
	for _, argument := range arguments {
		if !f.weigh(m, argument) {
			return Value{}
		}
	}
	out := f.apply(m, in, arguments)
	f.weigh(m, out)
	return out
}

func (f *filter) weigh(m *machine, v Value) bool {
	if f.light && v.kind != StringValue {
		return m.err == nil
	}
	return m.weigh(v)
}

// filters are Shopify's standard filters and pluralize. Strict mode allows a part of them.
var filters = map[string]*filter{
	"abs":                    {apply: absFilter, light: true},
	"append":                 {apply: appendFilter, min: 1, max: 1},
	"at_least":               {apply: atLeastFilter, min: 1, max: 1, light: true},
	"at_most":                {apply: atMostFilter, min: 1, max: 1, light: true},
	"base64_decode":          {apply: base64DecodeFilter},
	"base64_encode":          {apply: base64EncodeFilter},
	"base64_url_safe_decode": {apply: base64URLDecodeFilter},
	"base64_url_safe_encode": {apply: base64URLEncodeFilter},
	"capitalize":             {apply: capitalizeFilter},
	"ceil":                   {apply: ceilFilter, light: true},
	"compact":                {apply: compactFilter, max: 1},
	"concat":                 {apply: concatFilter, min: 1, max: 1},
	"date":                   {apply: dateFilter, min: 1, max: 1},
	"default":                {apply: defaultFilter, max: 2, light: true},
	"divided_by":             {apply: dividedByFilter, min: 1, max: 1, light: true},
	"downcase":               {apply: downcaseFilter},
	"escape":                 {apply: escapeFilter},
	"escape_once":            {apply: escapeOnceFilter},
	"find":                   {apply: findFilter, min: 1, max: 2},
	"find_index":             {apply: findIndexFilter, min: 1, max: 2},
	"first":                  {apply: firstFilter, light: true},
	"floor":                  {apply: floorFilter, light: true},
	"h":                      {apply: escapeFilter},
	"has":                    {apply: hasFilter, min: 1, max: 2},
	"join":                   {apply: joinFilter, max: 1},
	"last":                   {apply: lastFilter, light: true},
	"lstrip":                 {apply: lstripFilter},
	"map":                    {apply: mapFilter, min: 1, max: 1},
	"minus":                  {apply: minusFilter, min: 1, max: 1, light: true},
	"modulo":                 {apply: moduloFilter, min: 1, max: 1, light: true},
	"newline_to_br":          {apply: newlineToBrFilter},
	"pluralize":              {apply: pluralizeFilter, min: 2, max: 2, light: true},
	"plus":                   {apply: plusFilter, min: 1, max: 1, light: true},
	"prepend":                {apply: prependFilter, min: 1, max: 1},
	"reject":                 {apply: rejectFilter, min: 1, max: 2},
	"remove":                 {apply: removeFilter, min: 1, max: 1},
	"remove_first":           {apply: removeFirstFilter, min: 1, max: 1},
	"remove_last":            {apply: removeLastFilter, min: 1, max: 1},
	"replace":                {apply: replaceFilter, min: 1, max: 2},
	"replace_first":          {apply: replaceFirstFilter, min: 1, max: 2},
	"replace_last":           {apply: replaceLastFilter, min: 2, max: 2},
	"reverse":                {apply: reverseFilter},
	"round":                  {apply: roundFilter, max: 1, light: true},
	"rstrip":                 {apply: rstripFilter},
	"size":                   {apply: sizeFilter, light: true},
	"slice":                  {apply: sliceFilter, min: 1, max: 2},
	"sort":                   {apply: sortFilter, max: 1},
	"sort_natural":           {apply: sortNaturalFilter, max: 1},
	"split":                  {apply: splitFilter, min: 1, max: 1},
	"squish":                 {apply: squishFilter},
	"strip":                  {apply: stripFilter},
	"strip_html":             {apply: stripHTMLFilter},
	"strip_newlines":         {apply: stripNewlinesFilter},
	"sum":                    {apply: sumFilter, max: 1},
	"times":                  {apply: timesFilter, min: 1, max: 1, light: true},
	"truncate":               {apply: truncateFilter, max: 2},
	"truncatewords":          {apply: truncateWordsFilter, max: 2},
	"uniq":                   {apply: uniqFilter, max: 1},
	"upcase":                 {apply: upcaseFilter},
	"url_decode":             {apply: urlDecodeFilter},
	"url_encode":             {apply: urlEncodeFilter},
	"where":                  {apply: whereFilter, min: 1, max: 2},
}

// argument is the argument at a place, or nil.
func argument(arguments []Value, i int) Value {
	if i < len(arguments) {
		return arguments[i]
	}
	return Value{}
}

// filterNames are the names of all filters, in order.
func filterNames() []string { return slices.Sorted(maps.Keys(filters)) }
