package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

// Deploy implements [store.Versions].
func (s *Store) Deploy(ctx context.Context, v *store.Version) error {
	return s.change(ctx, "deploy a version", func(t *transaction) error {
		if err := t.alone(lockMaking, 0); err != nil {
			return err
		}
		known, err := t.row(`UPDATE version SET deployed = $1 WHERE hash = $2 RETURNING number`, []any{engine.Milliseconds(v.Deployed), v.Hash}, &v.Number)
		if err != nil || known {
			return err
		}
		const insert = `INSERT INTO version (hash, format, deployed) VALUES ($1, $2, $3) RETURNING number`
		if _, err := t.row(insert, []any{v.Hash, v.Format, engine.Milliseconds(v.Deployed)}, &v.Number); err != nil {
			return err
		}
		for path, data := range v.Files {
			if err := t.file(v.Hash, path, data); err != nil {
				return err
			}
		}
		return t.tables(v)
	})
}

func (t *transaction) file(version, path string, data []byte) error {
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	if err := t.run(`INSERT INTO content (hash, data) VALUES ($1, $2) ON CONFLICT DO NOTHING`, hash, engine.Deflate(data)); err != nil {
		return err
	}
	return t.run(`INSERT INTO version_file (version, path, content) VALUES ($1, $2, $3)`, version, path, hash)
}

func (t *transaction) tables(v *store.Version) error {
	for _, l := range v.Links {
		parts, err := json.Marshal(l.Parts)
		if err != nil {
			return fmt.Errorf("link %d: %w", l.ID, err)
		}
		const insert = `INSERT INTO link (version, message, id, campaign, block, variant, parts) VALUES ($1, $2, $3, $4, $5, $6, $7)`
		if err := t.run(insert, v.Number, l.Message, l.ID, l.Campaign, l.Block, l.Variant, string(parts)); err != nil {
			return err
		}
	}
	for _, x := range v.Variants {
		const insert = `INSERT INTO variant (version, campaign, block_number, number, block, variant) VALUES ($1, $2, $3, $4, $5, $6)`
		if err := t.run(insert, v.Hash, x.Campaign, x.BlockNumber, x.Number, x.BlockName, x.VariantName); err != nil {
			return err
		}
	}
	for _, a := range v.Assets {
		const insert = `INSERT INTO asset (hash, name, content, version, path) SELECT $1, $2, content, version, path FROM version_file WHERE version = $3 AND path = $4`
		n, err := t.changed(insert, a.Hash, a.Name, v.Hash, a.Path)
		if err == nil && n == 0 {
			err = fmt.Errorf("the asset %s is no file of the version", a.Path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CurrentVersion implements [store.Versions].
func (s *Store) CurrentVersion(ctx context.Context) (string, error) {
	var hash string
	found, err := s.row(ctx, `SELECT hash FROM version ORDER BY deployed DESC, number DESC LIMIT 1`, nil, &hash)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("current version: %w", err)
	}
	return hash, nil
}

// Version implements [store.Versions].
func (s *Store) Version(ctx context.Context, hash string) (*store.Version, error) {
	v := &store.Version{Hash: hash, Files: map[string][]byte{}}
	var deployed int64
	found, err := s.row(ctx, `SELECT number, format, deployed FROM version WHERE hash = $1`, []any{hash}, &v.Number, &v.Format, &deployed)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err == nil {
		v.Deployed = engine.Moment(deployed)
		err = s.versionParts(ctx, v)
	}
	if err != nil {
		return nil, fmt.Errorf("version %s: %w", hash, err)
	}
	return v, nil
}

// VersionsStarting implements [store.Versions]. A hash is hexadecimal: g comes after each of them that begins alike.
func (s *Store) VersionsStarting(ctx context.Context, beginning string) ([]string, error) {
	var hashes []string
	err := s.rows(ctx, `SELECT hash FROM version WHERE hash >= $1 AND hash < $1 || 'g' ORDER BY hash LIMIT 2`, []any{beginning}, func(rows pgx.Rows) error {
		var hash string
		err := rows.Scan(&hash)
		hashes = append(hashes, hash)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find a version: %w", err)
	}
	return hashes, nil
}

func (s *Store) versionParts(ctx context.Context, v *store.Version) error {
	key := []any{v.Hash}
	err := s.rows(ctx, `SELECT f.path, c.data FROM version_file AS f JOIN content AS c ON c.hash = f.content WHERE f.version = $1`, key, func(rows pgx.Rows) error {
		var path string
		var packed []byte
		err := rows.Scan(&path, &packed)
		if err == nil {
			v.Files[path], err = engine.Inflate(packed)
		}
		return err
	})
	if err != nil {
		return err
	}
	if v.Links, err = s.links(ctx, linkQuery+`WHERE version = $1 ORDER BY message, id`, v.Number); err != nil {
		return err
	}
	const variants = `SELECT campaign, block_number, number, block, variant FROM variant WHERE version = $1 ORDER BY campaign, block_number, number`
	err = s.rows(ctx, variants, key, func(rows pgx.Rows) error {
		var x store.Variant
		err := rows.Scan(&x.Campaign, &x.BlockNumber, &x.Number, &x.BlockName, &x.VariantName)
		v.Variants = append(v.Variants, x)
		return err
	})
	if err != nil {
		return err
	}
	return s.rows(ctx, `SELECT hash, name, path FROM asset WHERE version = $1 ORDER BY path`, key, func(rows pgx.Rows) error {
		var a store.Asset
		err := rows.Scan(&a.Hash, &a.Name, &a.Path)
		v.Assets = append(v.Assets, a)
		return err
	})
}

// AssetContent implements [store.Versions].
func (s *Store) AssetContent(ctx context.Context, hash, name string) ([]byte, error) {
	var packed []byte
	const query = `SELECT c.data FROM asset AS a JOIN content AS c ON c.hash = a.content WHERE a.hash = $1 AND a.name = $2 LIMIT 1`
	found, err := s.row(ctx, query, []any{hash, name}, &packed)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("asset: %w", err)
	}
	return engine.Inflate(packed)
}

// RunLinks implements [store.Links].
func (s *Store) RunLinks(ctx context.Context, run int64) ([]store.Link, error) {
	const query = `SELECT l.campaign, l.message, l.id, l.block, l.variant, l.parts, p.pin FROM run AS r
		JOIN run_version AS p ON p.run = r.id JOIN version AS v ON v.hash = p.version JOIN link AS l ON l.version = v.number AND l.campaign = r.campaign
		WHERE r.id = $1 ORDER BY p.pin, l.id`
	return s.links(ctx, query, run)
}

// VersionLinks implements [store.Links].
func (s *Store) VersionLinks(ctx context.Context, version int64) ([]store.Link, error) {
	links, err := s.links(ctx, linkQuery+`WHERE version = $1 ORDER BY message, id`, version)
	if err != nil || len(links) > 0 {
		return links, err
	}
	var number int64
	found, err := s.row(ctx, `SELECT number FROM version WHERE number = $1`, []any{version}, &number)
	if err == nil && !found {
		err = fmt.Errorf("version %d: %w", version, store.ErrNotFound)
	}
	return nil, err
}

const linkQuery = `SELECT campaign, message, id, block, variant, parts, 0 FROM link `

func (s *Store) links(ctx context.Context, query string, key any) ([]store.Link, error) {
	var links []store.Link
	err := s.rows(ctx, query, []any{key}, func(rows pgx.Rows) error {
		var l store.Link
		var parts []byte
		err := rows.Scan(&l.Campaign, &l.Message, &l.ID, &l.Block, &l.Variant, &parts, &l.Pin)
		if err == nil {
			err = json.Unmarshal(parts, &l.Parts)
		}
		links = append(links, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	return links, nil
}
