//go:build browser

package e2e

// showsCharts refuses a chart with words that stand outside of it, or on each other.
func (b *tab) showsCharts(page string, width int64) {
	b.t.Helper()
	wrong, err := ask[string](b, `[...document.querySelectorAll(".canvas")].flatMap(chart => {
		const room = chart.getBoundingClientRect(), all = [...chart.querySelectorAll(":is(.axis, .plot) text:not(.limit-word)")].filter(e => e.checkVisibility());
		const at = e => e.getBoundingClientRect();
		return all.filter((e, i) => at(e).left < room.left - 1 || at(e).right > room.right + 1 || all.slice(i + 1).some(other =>
			at(e).left < at(other).right && at(other).left < at(e).right && at(e).top + 3 < at(other).bottom && at(other).top + 3 < at(e).bottom));
	}).map(e => e.textContent).join("; ")`)
	if err != nil || wrong != "" {
		b.t.Errorf("%s, %d pixels wide, cuts words of its charts: %s, %v", page, width, wrong, err)
	}
}
