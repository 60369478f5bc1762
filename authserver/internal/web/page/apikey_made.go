package page

import "strings"

// Stages are the steps on the way to an API key.
type Stages struct {
	Keys []string // of their names
	Done int      // how many are behind the person
}

// KeyStages are those of a person who is asked for the password on the way, or is not.
func KeyStages(path string, confirmed bool, done int) Stages {
	s := Stages{Keys: []string{"stage.describe", "stage.confirm", "stage.save"}, Done: done}
	if strings.HasSuffix(path, "/rotate") {
		s.Keys[0] = "stage.rotate"
	}
	if confirmed {
		s.Keys = []string{s.Keys[0], s.Keys[2]}
	}
	return s
}

// confirming are the stages of the page that asks for the password before the form of
// path goes on; none but on the way to a key.
func confirming(path string) Stages {
	if path == KeysPath || path == KeysPath+"/new" || strings.HasPrefix(path, KeysPath+"/") && strings.HasSuffix(path, "/rotate") {
		return KeyStages(path, false, 1)
	}
	return Stages{}
}

// command uses a key that the environment holds: a command with the key itself
// would stay in the shell's history.
func (k MadeKeyView) command() string {
	return "curl " + k.API + "/api/v1/accounts \\\n  -H \"X-Api-Key: $LATCHKEY_API_KEY\""
}

// programs do the same in other languages.
func (k MadeKeyView) programs() []sample {
	fill := strings.NewReplacer("«API»", sampleQuote.Replace(k.API)).Replace
	return []sample{{"Python", fill(pythonKeySample)}, {"JavaScript", fill(scriptKeySample)}}
}

const pythonKeySample = `import json, os, urllib.request

request = urllib.request.Request("«API»/api/v1/accounts", headers={"X-Api-Key": os.environ["LATCHKEY_API_KEY"]})
print(json.load(urllib.request.urlopen(request)))`

const scriptKeySample = `const answer = await fetch("«API»/api/v1/accounts", {
  headers: { "X-Api-Key": process.env.LATCHKEY_API_KEY },
});
console.log(await answer.json());`
