package render

// valueShape is the shape of a workspace's own content, such as data.articles: what all of it has in common.
func valueShape(v Value) *shape {
	s := constantShape(v)
	s.from(fromWorkspace)
	return s
}

func (s *shape) from(o origin) {
	s.origin = o
	if s.of != nil {
		s.of.from(o)
	}
	for _, field := range s.fields {
		field.from(o)
	}
}

func constantShape(v Value) *shape {
	switch v.kind {
	case BoolValue:
		return &shape{kind: boolKind, bytes: boolBytes}
	case IntValue:
		n := float64(v.int())
		return &shape{kind: intKind, bytes: intBytes, min: &n, max: &n}
	case FloatValue:
		n := v.float()
		return &shape{kind: floatKind, bytes: floatBytes, min: &n, max: &n}
	case StringValue:
		return brandShape(v.text)
	case TimeValue:
		return &shape{kind: timeKind, bytes: timeBytes}
	case ListValue:
		return listShape(v.list())
	case MapValue:
		s := &shape{kind: recordKind, fields: map[string]*shape{}}
		for i, key := range v.object().keys {
			s.fields[key] = constantShape(v.object().values[i])
		}
		return s
	}
	return &shape{kind: nilKind, missing: true}
}

func listShape(values []Value) *shape {
	s := &shape{kind: listKind, items: len(values), least: len(values), of: &shape{kind: nilKind, missing: true}}
	for i, v := range values {
		element := constantShape(v)
		if i > 0 {
			element = join(s.of, element)
		}
		s.of = element
	}
	return s
}
