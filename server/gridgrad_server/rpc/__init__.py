"""The handlers of the service: requests in, results and errors out."""
