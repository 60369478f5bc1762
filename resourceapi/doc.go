// Package resourceapi is the vocabulary of the resource API: the nouns of a
// household's finances and the rules they obey, whoever asks and wherever they
// are stored. Everything belongs to a family; nothing here can be found without
// naming one.
//
// It owns amounts, dates, accounts, transactions, valuations, tags, categories,
// merchants and syncs. It knows neither HTTP nor tables.
package resourceapi
