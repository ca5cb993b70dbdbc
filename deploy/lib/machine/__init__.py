"""What a machine of Attendance does for itself in a cloud; bin/attendance-machine is its command line."""
