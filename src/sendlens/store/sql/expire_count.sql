SELECT count() FROM ({include:expired_messages})
