// ANCHOR: written
async fn work() {
    let guard = cell.borrow();
    io().await
}
// ANCHOR_END: written

// ANCHOR: becomes
async fn work() {
    // Takes the type of the variable, which nobody has to know before.
    let __witness0;
    if true {
        let guard = cell.borrow();
        if false {
            // The compiler does not go beyond this, but it looks at the types there.
            loop {}
            __witness0 = check::Witness::of(&guard);
        }
        io().await
    } else {
        loop {}
        {
            // For most types each of these is a method that does nothing. For a guard it is one that asks for a trait
            // which no type has; the trait's error text is what you read.
            use check::ask::*;
            (&&&__witness0).blocks();
            (&&&__witness0).stays_borrowed();
            (&&&__witness0).stays_locked();
        };
    }
}
// ANCHOR_END: becomes
