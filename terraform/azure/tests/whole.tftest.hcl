# The root module: what the parts are given.

mock_provider "azurerm" {
  override_during = plan
}

variables {
  domain               = "attendance.example.org"
  acme_email           = "certificates@example.org"
  alarm_email          = "alarms@example.org"
  release_version      = "1.2.3"
  release_sha256       = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  release_public_key   = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
  admin_ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE operators"
}

run "small" {
  command = plan

  assert {
    condition     = output.url == "https://attendance.example.org"
    error_message = "url"
  }
}
