package guard

// Presented is presented, for tests.
var Presented = presented
