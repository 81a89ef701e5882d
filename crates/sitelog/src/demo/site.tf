# A small site of built-in resources only: no provider to download, nothing outside this folder is touched.
resource "terraform_data" "network" {
  input = "10.20.0.0/16"
}

resource "terraform_data" "database" {
  input = { engine = "postgres", network = terraform_data.network.output }
}

resource "terraform_data" "web" {
  count = 2
  input = "web-${count.index} in ${terraform_data.network.output}"
}

# One that fails, as some always do.
resource "terraform_data" "smoke_test" {
  depends_on = [terraform_data.web, terraform_data.database]
  provisioner "local-exec" {
    command = "echo 'GET /healthz: connection refused' >&2; exit 7"
  }
}
