// ANCHOR: written
background!(gate = self.gate, on_error = log => tidy_up())
// ANCHOR_END: written

// ANCHOR: becomes
// A function; the macro is there for what it does not let you leave out.
background(&self.gate, Log, tidy_up())
// ANCHOR_END: becomes
