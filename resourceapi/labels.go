package resourceapi

import (
	"strings"
	"time"
)

// TagColors are the colours that a tag without one is given (docs/contract.md, "Tags").
var TagColors = []string{
	"#e99537", "#4da568", "#6471eb", "#db5a54", "#df4e92", "#c44fe9", "#eb5429", "#61c9ea", "#805dee", "#6ad28a",
}

// CategoryColor is the colour of a category without one (docs/contract.md,
// "Categories").
const CategoryColor = "#6172F3"

// Tag is a label that a family gives to transactions.
type Tag struct {
	ID        string
	Name      string
	Color     string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TagRef is a tag as a transaction names it.
type TagRef struct{ ID, Name, Color string }

// Check returns the rules t breaks.
func (t Tag) Check() []string {
	var c complaints
	c.text("Name", t.Name, MaxName, true)
	c.color(t.Color)
	return c
}

// Category groups transactions. It may have a parent, which then has none itself.
type Category struct {
	ID            string
	Name          string
	Color         string
	Icon          string
	Parent        *ParentRef
	Subcategories int
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// ParentRef is a parent category as its child names it.
type ParentRef struct{ ID, Name string }

// CategoryRef is a category as a transaction names it.
type CategoryRef struct{ ID, Name, Color, Icon string }

// Check returns the rules c breaks.
func (c Category) Check() []string {
	var found complaints
	found.text("Name", c.Name, MaxName, true)
	found.color(c.Color)
	found.text("Icon", c.Icon, 64, false)
	return found
}

// icons maps a part of a category's name to an icon. The first match is used.
var icons = []struct{ part, icon string }{
	{"grocer", "shopping-basket"},
	{"food", "utensils"},
	{"restaurant", "utensils"},
	{"dining", "utensils"},
	{"drink", "utensils"},
	{"coffee", "coffee"},
	{"rent", "home"},
	{"mortgage", "home"},
	{"hous", "home"},
	{"home", "home"},
	{"utilit", "lightbulb"},
	{"electric", "lightbulb"},
	{"internet", "wifi"},
	{"phone", "phone"},
	{"travel", "plane"},
	{"flight", "plane"},
	{"transport", "bus"},
	{"gas", "fuel"},
	{"fuel", "fuel"},
	{"car", "car"},
	{"auto", "car"},
	{"health", "pill"},
	{"medical", "pill"},
	{"fitness", "dumbbell"},
	{"gym", "dumbbell"},
	{"insurance", "shield"},
	{"tax", "landmark"},
	{"fee", "receipt"},
	{"salary", "circle-dollar-sign"},
	{"income", "circle-dollar-sign"},
	{"gift", "gift"},
	{"donat", "hand-helping"},
	{"child", "baby"},
	{"kid", "baby"},
	{"school", "graduation-cap"},
	{"educat", "graduation-cap"},
	{"pet", "paw-print"},
	{"shop", "shopping-cart"},
	{"cloth", "shirt"},
	{"entertain", "drama"},
	{"music", "music"},
	{"movie", "film"},
	{"subscription", "repeat"},
	{"saving", "piggy-bank"},
	{"invest", "trending-up"},
	{"loan", "credit-card"},
}

// IconFor guesses an icon from a category's name, "shapes" when nothing fits.
func IconFor(name string) string {
	name = strings.ToLower(name)
	for _, i := range icons {
		if strings.Contains(name, i.part) {
			return i.icon
		}
	}
	return "shapes"
}

// Merchant is somebody whom the family paid, or who paid the family.
type Merchant struct {
	ID         string
	Name       string
	Color      string
	WebsiteURL *string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// FamilyMerchant is the type of a merchant that the family created (docs/contract.md,
// "Merchants").
const FamilyMerchant = "FamilyMerchant"

// MerchantRef is a merchant as a transaction names it.
type MerchantRef struct{ ID, Name string }

// Check returns the rules m breaks.
func (m Merchant) Check() []string {
	var c complaints
	c.text("Name", m.Name, MaxName, true)
	c.color(m.Color)
	c.optional("Website", m.WebsiteURL, 2_048)
	return c
}
