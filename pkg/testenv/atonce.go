package testenv

import (
	"flag"
	"strconv"
)

// AtOnce lets n of the tests that call t.Parallel run at once, unless -parallel was
// given. TestMain calls it before it runs them. Go's own number is that of the cores,
// which is too small for tests that mostly wait.
func AtOnce(n int) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return
	}
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(err) // the testing package has no such flag any more
	}
}
