//! What the server tells of itself, on one shard and on two.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod support;

use std::collections::BTreeMap;
use std::time::Instant;

use support::server::{Client, PATIENCE, Server, shards};

/// The names of `stats` that memcached 1.6.45 has.
const GENERAL: &str = "pid uptime time version libevent pointer_size rusage_user rusage_system max_connections \
    curr_connections total_connections rejected_connections connection_structures response_obj_oom \
    response_obj_count response_obj_bytes read_buf_count read_buf_bytes read_buf_bytes_free read_buf_oom \
    reserved_fds cmd_get cmd_set cmd_flush cmd_touch cmd_meta get_hits get_misses get_expired get_flushed \
    delete_misses delete_hits incr_misses incr_hits decr_misses decr_hits cas_misses cas_hits cas_badval touch_hits \
    touch_misses store_too_large store_no_memory auth_cmds auth_errors bytes_read bytes_written limit_maxbytes \
    accepting_conns listen_disabled_num time_in_listen_disabled_us threads conn_yields hash_power_level hash_bytes \
    hash_is_expanding slab_reassign_rescues slab_reassign_chunk_rescues slab_reassign_inline_reclaim \
    slab_reassign_busy_items slab_reassign_busy_deletes slab_reassign_busy_nomem slab_reassign_last_busy_status \
    slab_reassign_running slabs_moved lru_crawler_running lru_crawler_starts lru_maintainer_juggles malloc_fails \
    log_worker_dropped log_worker_written log_watcher_skipped log_watcher_sent log_watchers unexpected_napi_ids \
    round_robin_fallback slab_global_page_pool expired_unfetched evicted_unfetched evicted_active evictions reclaimed \
    crawler_reclaimed crawler_items_checked lrutail_reflocked moves_to_cold moves_to_warm moves_within_lru \
    direct_reclaims lru_bumps_dropped curr_items total_items bytes";
const ITEMS: &str = "number number_hot number_warm number_cold age_hot age_warm age mem_requested evicted \
    evicted_nonzero evicted_time outofmemory tailrepairs reclaimed expired_unfetched evicted_unfetched evicted_active \
    crawler_reclaimed crawler_items_checked lrutail_reflocked moves_to_cold moves_to_warm moves_within_lru \
    direct_reclaims hits_to_hot hits_to_warm hits_to_cold hits_to_temp";
const SLABS: &str = "chunk_size chunks_per_page total_pages total_chunks used_chunks free_chunks free_chunks_end \
    get_hits cmd_set delete_hits incr_hits decr_hits cas_hits cas_badval touch_hits";

fn on_one_and_two_shards(test: impl Fn(&Server)) {
    for count in [1, 2] {
        test(&Server::start(&shards(count)));
    }
}

/// All statistics of one kind.
fn all(client: &mut Client, kind: &str) -> BTreeMap<String, String> {
    client.send(format!("stats{kind}\r\n"));
    let mut all = BTreeMap::new();
    loop {
        let line = client.line();
        if line == "END\r\n" {
            return all;
        }
        let words: Vec<_> = line.trim_end().splitn(3, ' ').collect();
        assert_eq!(words[0], "STAT", "{line}");
        assert_eq!(all.insert(words[1].into(), words[2].into()), None, "{line} comes twice");
    }
}

#[test]
fn all_names_of_memcached_are_there() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        client.ask("set a 0 0 1\r\nx\r\n", "STORED\r\n");
        let general = all(&mut client, "");
        for name in GENERAL.split_whitespace() {
            assert!(general.contains_key(name), "{name}");
        }
        for (kind, prefix, names) in [(" items", "items:1:", ITEMS), (" slabs", "1:", SLABS)] {
            let found = all(&mut client, kind);
            for name in names.split_whitespace() {
                assert!(found.contains_key(&format!("{prefix}{name}")), "{kind} {name}");
            }
        }
        let slabs = all(&mut client, " slabs");
        assert!(slabs.contains_key("active_slabs") && slabs.contains_key("total_malloced"));
    });
}

#[test]
fn what_was_flushed_is_no_item_any_more() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        for key in 0..100 {
            client.ask(format!("set k{key} 0 0 1\r\nx\r\n"), "STORED\r\n");
        }
        assert_ne!(client.statistic("", "bytes"), "0");
        client.ask("flush_all\r\n", "OK\r\n");
        for (name, value) in [("curr_items", "0"), ("bytes", "0"), ("total_items", "100")] {
            assert_eq!(client.statistic("", name), value, "{name}");
        }
        assert!(!all(&mut client, " items").contains_key("items:1:number"));
        client.ask("set k1 0 0 1\r\nx\r\nset other 0 0 1\r\nx\r\n", "STORED\r\nSTORED\r\n");
        assert_eq!(client.statistic("", "curr_items"), "2");
        client.ask("flush_all\r\ndelete k1\r\n", "OK\r\nNOT_FOUND\r\n");
        assert_eq!(client.statistic("", "curr_items"), "0");
    });
}

#[test]
fn what_came_too_late_is_counted() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        client.ask("set a 0 -1 1\r\nx\r\nget a\r\n", "STORED\r\nEND\r\n");
        assert_eq!(client.statistic("", "get_expired"), "1");
        // The crawler may be faster than the request once in a while.
        let begun = Instant::now();
        while client.statistic("", "get_flushed") == "0" {
            assert!(begun.elapsed() < PATIENCE);
            client.ask("set b 0 0 1\r\nx\r\nflush_all\r\nget b\r\n", "STORED\r\nOK\r\nEND\r\n");
        }
    });
}

#[test]
fn each_class_counts_what_happens_to_its_items() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        client.ask("set a 0 0 1\r\n1\r\nadd a 0 0 1\r\n2\r\n", "STORED\r\nNOT_STORED\r\n");
        client.ask("get a\r\nmg a v\r\n", "VALUE a 0 1\r\n1\r\nEND\r\nVA 1\r\n1\r\n");
        client.ask("touch a 0\r\nincr a 3\r\ndecr a 1\r\n", "TOUCHED\r\n4\r\n3\r\n");
        client.ask("cas a 0 0 1 999999\r\nx\r\n", "EXISTS\r\n");
        client.send("gets a\r\n");
        let cas = client.line().trim_end().rsplit(' ').next().unwrap().to_owned();
        client.expect("3\r\nEND\r\n");
        client.ask(format!("cas a 0 0 1 {cas}\r\n7\r\n"), "STORED\r\n");
        client.ask("delete a\r\ndelete a\r\n", "DELETED\r\nNOT_FOUND\r\n");
        let slabs = all(&mut client, " slabs");
        let expected = [
            ("cmd_set", "4"),
            ("get_hits", "3"),
            ("touch_hits", "1"),
            ("incr_hits", "1"),
            ("decr_hits", "1"),
            ("cas_hits", "1"),
            ("cas_badval", "1"),
            ("delete_hits", "1"),
        ];
        let general = all(&mut client, "");
        for (name, value) in expected {
            assert_eq!(general[name], value, "{name}");
            assert_eq!(slabs[&format!("1:{name}")], value, "{name}");
        }
    });
}

#[test]
fn a_reset_forgets_what_has_happened_and_not_what_is_there() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        client.ask("set a 0 0 1\r\n1\r\nget a b\r\n", "STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n");
        client.ask("stats reset\r\n", "RESET\r\n");
        let general = all(&mut client, "");
        for name in ["cmd_get", "cmd_set", "get_hits", "get_misses", "total_items", "total_connections"] {
            assert_eq!(general[name], "0", "{name}");
        }
        assert_eq!((&*general["curr_items"], &*general["curr_connections"]), ("1", "1"));
        assert_eq!(all(&mut client, " slabs")["1:get_hits"], "0");
    });
}

#[test]
fn connections_are_listed() {
    on_one_and_two_shards(|server| {
        let mut clients: Vec<_> = (0..4).map(|_| server.connect()).collect();
        let addresses: Vec<_> = clients
            .iter()
            .map(|client| format!("tcp:{}", client.stream.get_ref().local_addr().unwrap()))
            .collect();
        for client in &mut clients {
            client.ask("mn\r\n", "MN\r\n");
        }
        clients[0].send("set half 0 0 10\r\nxx");
        clients[1].ask("mn\r\n", "MN\r\n");
        let begun = Instant::now();
        loop {
            let found = all(&mut clients[3], " conns");
            let listening = found.iter().filter(|(_, value)| *value == "conn_listening").count();
            assert_eq!(listening, 1);
            for address in &addresses {
                let number = found.iter().find(|(_, value)| *value == address).expect("it is there").0;
                let number = number.strip_suffix(":addr").expect("an address");
                assert_eq!(found[&format!("{number}:listen_addr")], format!("tcp:127.0.0.1:{}", server.port));
                assert!(found[&format!("{number}:secs_since_last_cmd")].parse::<u64>().is_ok());
            }
            // Whether a part of a command has arrived is the kernel's to say.
            if found.values().any(|value| value == "conn_nread") {
                break;
            }
            assert!(begun.elapsed() < PATIENCE);
        }
        drop(clients.remove(0));
        let begun = Instant::now();
        while all(&mut clients[0], " conns").values().any(|value| *value == addresses[0]) {
            assert!(begun.elapsed() < PATIENCE);
        }
    });
}

#[test]
fn keys_of_some_classes_can_be_listed() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        client.ask("set small 0 0 1\r\nx\r\n", "STORED\r\n");
        client.ask(format!("set large 0 0 4000\r\n{}\r\n", "x".repeat(4000)), "STORED\r\n");
        let class = |client: &mut Client, key: &str| {
            client.send(format!("me {key}\r\n"));
            let line = client.line();
            line.split(" cls=").nth(1).unwrap().split(' ').next().unwrap().to_owned()
        };
        let (small, large) = (class(&mut client, "small"), class(&mut client, "large"));
        client.ask(format!("lru_crawler mgdump {small}\r\n"), "OK\r\nmg small\r\nEN\r\n");
        client.ask(format!("lru_crawler mgdump {large}\r\n"), "OK\r\nmg large\r\nEN\r\n");
        client.ask(format!("lru_crawler metadump {large}\r\n"), "OK\r\nkey=large exp=-1 la=");
        client.line();
        client.expect("END\r\n");
    });
}
