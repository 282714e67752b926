module example.com/clinic-changes

go 1.26
