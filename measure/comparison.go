package measure

// Arm is a group of people, and how many of them reached the goal.
type Arm struct{ People, Reached int64 }

func (a *Arm) add(b Arm) { a.People, a.Reached = a.People+b.People, a.Reached+b.Reached }

// Share is how many of an arm reached the goal, in parts of 1; 0 for nobody.
func (a Arm) Share() float64 {
	if a.People == 0 {
		return 0
	}
	return float64(a.Reached) / float64(a.People)
}

// Comparison is two groups that were drawn at random from the same people, run by run: those who got something, and those who were
// kept from it. Only runs count that had both, and whose goals nobody can reach any more.
type Comparison struct {
	With, Without    Arm
	weighted, weight float64
}

// FewestCompared is how many people each group needs before shares are put side by side.
const FewestCompared = 100

// Comparable reports whether both groups are large enough that their shares are worth a look. It says nothing about chance.
func (c *Comparison) Comparable() bool {
	return c.With.People >= FewestCompared && c.Without.People >= FewestCompared
}

// add adds a run. Runs are compared one by one and weighted as Mantel and Haenszel do (for differences: Greenland and Robins, 1985): to
// pool their people would mistake a better week for a better variant when the share of control has changed between weeks.
func (c *Comparison) add(with, without Arm) {
	if with.People == 0 || without.People == 0 {
		return
	}
	weight := float64(with.People) * float64(without.People) / float64(with.People+without.People)
	c.With.add(with)
	c.Without.add(without)
	c.weighted += weight * (with.Share() - without.Share())
	c.weight += weight
}

// Difference is by how much the share of those who reached the goal is larger in the first group, in parts of 1.
func (c *Comparison) Difference() float64 {
	if c.weight == 0 {
		return 0
	}
	return c.weighted / c.weight
}
