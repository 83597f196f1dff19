use std::io::Write;
fn main() {
    let s = tool_audit::Sanitizer::default();
    let text = std::fs::read_to_string("/work/shared/redaction/cases.jsonl").unwrap();
    let mut f = std::fs::File::create("/tmp/scratch/log.jsonl").unwrap();
    for line in text.lines() {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        let mut out = Vec::new();
        out.extend_from_slice(format!("{{\"conversation_id\":{}", v["id"]).as_bytes());
        for m in ["arguments", "result", "error"] {
            out.extend_from_slice(format!(",\"{m}\":").as_bytes());
            s.write_value(&mut out, &v[m], 262144);
        }
        out.extend_from_slice(b"}\n");
        f.write_all(&out).unwrap();
    }
}
