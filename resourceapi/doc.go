// Package resourceapi is the vocabulary of the resource API: the nouns of a
// household's finances and their rules. The rules are the same for every caller and
// every engine. Everything belongs to a family.
//
// It owns amounts, dates, accounts, transactions, valuations, tags, categories,
// merchants and syncs. It knows neither HTTP nor tables.
package resourceapi
