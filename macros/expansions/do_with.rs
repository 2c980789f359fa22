// ANCHOR: written
do_with!(mut buffer = [0; 1024] => fill(&mut buffer).await?)
// ANCHOR_END: written

// ANCHOR: becomes
// A block, and nothing else: its future is no larger than the block by hand.
{
    let mut buffer = [0; 1024];
    fill(&mut buffer).await?
}
// ANCHOR_END: becomes
