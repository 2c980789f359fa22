// Without `=>` there is one mistake to tell, and not also what would follow from it.
async fn f() {
    seastar::background!(async {}).unwrap();
}

fn main() {}
