run "right" {
  assert {
    condition     = output.a == "1"
    error_message = "not 1"
  }
}
run "wrong" {
  assert {
    condition     = output.a == "2"
    error_message = "not 2"
  }
}
